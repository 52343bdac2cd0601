//! A space.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::http::timestamp;

/// A space of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    pub slug: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

/// What is answered of a space.
#[derive(Debug, Serialize)]
pub struct SpaceView<'s> {
    slug: &'s str,
    name: &'s str,
    created_at: String,
}

impl<'s> SpaceView<'s> {
    /// The view of a space.
    pub fn new(space: &'s Space) -> Self {
        Self {
            slug: &space.slug,
            name: &space.name,
            created_at: timestamp(space.created_at),
        }
    }
}
