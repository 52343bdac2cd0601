//! A tag.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A tag of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub id: Uuid,
    pub label: String,
}
