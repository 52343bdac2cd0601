//! Spaces, as they are stored and as responses have them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::values::Timestamp;

/// A stored space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    pub slug: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

/// A space of the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpaceView<'s> {
    /// Slug that cases use as `space_slug`.
    slug: &'s str,
    /// Its name.
    name: &'s str,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl<'s> SpaceView<'s> {
    /// The view of a stored space.
    pub fn new(space: &'s Space) -> Self {
        Self {
            slug: &space.slug,
            name: &space.name,
            created_at: space.created_at.into(),
        }
    }
}
