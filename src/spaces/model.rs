//! A space.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::values::Timestamp;

/// A space of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    pub slug: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

/// What is answered of a space.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpaceView<'s> {
    /// What cases call it.
    slug: &'s str,
    /// Its name.
    name: &'s str,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl<'s> SpaceView<'s> {
    /// The view of a space.
    pub fn new(space: &'s Space) -> Self {
        Self {
            slug: &space.slug,
            name: &space.name,
            created_at: space.created_at.into(),
        }
    }
}
