//! Who a key belongs to, remembered for a few seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use super::{ApiKey, Caller, credentials, store};
use crate::db::{Database, Deadline};
use crate::http::{Allowance, Problem, ProblemType};

/// How long a key is taken without asking again: a revoked one may work that much longer.
const REMEMBERED: Duration = Duration::from_secs(5);
/// From how many keys on those of the past are forgotten.
const MANY: usize = 10_000;

/// The keys that this process knows. Only what the database has is remembered, so that guesses
/// cannot fill its memory.
#[derive(Debug, Clone)]
pub struct ApiKeyCache {
    database: Database,
    known: Arc<Mutex<HashMap<Hash, ReferenceCache>>>,
}

type Hash = [u8; 32];

#[derive(Debug)]
struct ReferenceCache {
    caller: Caller,
    asked: Instant,
}

impl ApiKeyCache {
    /// Knows no key yet.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            known: Arc::default(),
        }
    }

    /// The caller that a key belongs to.
    ///
    /// # Errors
    /// 401 for a key that is unknown or revoked, and what the database can have.
    pub async fn caller(&self, key: ApiKey, deadline: Deadline) -> Result<Caller, Problem> {
        if let Some(caller) = self.remembered(&key) {
            return Ok(caller);
        }
        let hash = *key.hash();
        let asked = Instant::now();
        let caller = self
            .database
            .read(deadline, key, |connection, key| {
                Box::pin(async move { store::find(connection, &key).await })
            })
            .await?;
        let caller = caller.ok_or(Problem::Plain(ProblemType::Unauthorized))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MANY {
            known.retain(|_, it| it.asked.elapsed() < REMEMBERED);
        }
        let remembered = ReferenceCache {
            caller: caller.clone(),
            asked,
        };
        known.insert(hash, remembered);
        Ok(caller)
    }

    fn remembered(&self, key: &ApiKey) -> Option<Caller> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(key.hash())?;
        (found.asked.elapsed() < REMEMBERED).then(|| found.caller.clone())
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
