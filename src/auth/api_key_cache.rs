//! A cache of API keys and their callers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use super::{ApiKey, Caller, credentials, store};
use crate::db::{Database, Deadline};
use crate::http::{Allowance, Problem, ProblemType};

/// How long a cached key is valid. A revoked key may work this much longer.
const TTL: Duration = Duration::from_secs(5);
/// Number of entries from which expired ones are removed.
const CLEANUP_SIZE: usize = 10_000;

/// A cache of valid API keys. It has no entry for an unknown key, so guesses cannot fill the memory.
#[derive(Debug, Clone)]
pub struct ApiKeyCache {
    database: Database,
    entries: Arc<Mutex<HashMap<Hash, Entry>>>,
}

type Hash = [u8; 32];

#[derive(Debug)]
struct Entry {
    caller: Caller,
    read_at: Instant,
}

impl ApiKeyCache {
    /// Creates an empty cache.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            entries: Arc::default(),
        }
    }

    /// Returns the caller of a key, from the cache or from the database.
    ///
    /// # Errors
    /// Returns `Unauthorized` (401) if the key is unknown or revoked, and the [`crate::db::DatabaseError`] of a read.
    pub async fn caller(&self, key: ApiKey, deadline: Deadline) -> Result<Caller, Problem> {
        if let Some(caller) = self.cached(&key) {
            return Ok(caller);
        }
        let hash = *key.hash();
        let read_at = Instant::now();
        let caller = self
            .database
            .read(deadline, key, |connection, key| {
                Box::pin(async move { store::find(connection, &key).await })
            })
            .await?;
        let caller = caller.ok_or(Problem::Plain(ProblemType::Unauthorized))?;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CLEANUP_SIZE {
            entries.retain(|_, it| it.read_at.elapsed() < TTL);
        }
        let entry = Entry {
            caller: caller.clone(),
            read_at,
        };
        entries.insert(hash, entry);
        Ok(caller)
    }

    fn cached(&self, key: &ApiKey) -> Option<Caller> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.get(key.hash())?;
        (found.read_at.elapsed() < TTL).then(|| found.caller.clone())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    ApiKeyCache: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let key = credentials(&parts.headers).ok_or(Problem::Plain(ProblemType::Unauthorized))?;
        let deadline = Deadline::from_request_parts(parts, state).await?;
        let hash = *key.hash();
        let caller = ApiKeyCache::from_ref(state).caller(key, deadline).await?;
        if let Some(allowance) = parts.extensions.get::<Allowance>() {
            allowance.take(&hash)?;
        }
        Ok(caller)
    }
}
