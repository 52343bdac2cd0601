//! API keys: from the headers of a request to the workspace that it may touch.

mod key;
mod store;

pub use key::{ApiKey, credentials};
pub use store::{StoredKey, create, find, list, revoke};

use uuid::Uuid;

/// Who calls: a workspace, and nothing beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub workspace_id: Uuid,
    pub workspace_name: String,
}
