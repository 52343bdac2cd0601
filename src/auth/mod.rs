//! API keys: from the headers of a request to the workspace that it may touch.

mod key;
mod keys;
mod store;

pub use key::{ApiKey, credentials};
pub use keys::ApiKeyCache;
pub use store::{StoredKey, create, list, revoke};

use std::sync::Arc;

use uuid::Uuid;

/// Who calls: a workspace, through one of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub workspace_id: Uuid,
    pub workspace_name: Arc<str>,
    /// The public part of the key.
    pub api_key_id: Arc<str>,
}
