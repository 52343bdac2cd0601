//! Tags, as they are stored and as responses have them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::values::{PlainText, Timestamp};

/// A stored tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub id: Uuid,
    pub label: PlainText,
    pub created_at: DateTime<Utc>,
}

/// A tag of the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagView<'t> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// Its label.
    label: &'t str,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl<'t> TagView<'t> {
    /// The view of a stored tag.
    pub fn new(tag: &'t Tag) -> Self {
        Self {
            id: tag.id,
            label: &tag.label,
            created_at: tag.created_at.into(),
        }
    }
}
