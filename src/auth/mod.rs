//! API keys: authenticate a request and find its workspace.

mod api_key_cache;
mod key;
mod store;

pub use api_key_cache::ApiKeyCache;
pub use key::{ApiKey, credentials};
pub use store::{StoredKey, create, list, revoke};

use std::sync::Arc;

use uuid::Uuid;

/// The authenticated caller: a workspace and one of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub workspace_id: Uuid,
    pub workspace_name: Arc<str>,
    /// The public id of the key.
    pub api_key_id: Arc<str>,
}
