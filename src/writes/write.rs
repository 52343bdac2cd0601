//! One write of a request.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

use super::references::check_reference_version;
use super::{Compute, Outcome};
use crate::auth::Caller;
use crate::clock::now;
use crate::db::{Database, Deadline};
use crate::events::{Author, ChangeRecorder};
use crate::http::{Problem, WriteResponse};
use crate::idempotency::{
    self, BatchLease, Claim, Executed, IdempotencyContext, IdempotencyKey, Replay, RunningKeys,
    StoredResponse,
};
use crate::ids::IdSource;
use crate::metrics::Metrics;
use crate::state::AppState;
use crate::traces;

/// The extractor of a write: the caller, the time, the idempotency key, and the services that the write uses.
#[derive(Debug, Clone)]
pub struct Write {
    pub workspace_id: Uuid,
    pub now: DateTime<Utc>,
    pub ids: IdSource,
    pub database: Database,
    pub recorder: ChangeRecorder,
    pub deadline: Deadline,
    pub metrics: Metrics,
    pub compute: Compute,
    running: RunningKeys,
    caller: Caller,
    trace_parent: Option<Arc<str>>,
    key: Option<String>,
    method: Method,
    uri: Uri,
}

impl FromRequestParts<AppState> for Write {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let deadline = Deadline::from_request_parts(parts, state).await?;
        let IdempotencyKey(key) = IdempotencyKey::from_request_parts(parts, state).await?;
        let Ok(OriginalUri(uri)) = OriginalUri::from_request_parts(parts, state).await;
        Ok(Self {
            workspace_id: caller.workspace_id,
            now: now(),
            ids: state.ids.clone(),
            database: state.database.clone(),
            recorder: state.recorder.for_request(),
            deadline,
            metrics: state.metrics.clone(),
            compute: Compute::new(state, caller.workspace_id, deadline),
            running: state.running.clone(),
            caller,
            trace_parent: traces::parent(),
            key,
            method: parts.method.clone(),
            uri,
        })
    }
}

impl Write {
    /// Returns the author of its activities.
    pub fn author(&self) -> Author {
        Author {
            workspace_id: self.workspace_id,
            api_key_id: Arc::clone(&self.caller.api_key_id),
            ids: self.ids.clone(),
            now: self.now,
            trace_parent: self.trace_parent.clone(),
        }
    }

    /// Returns the claim of the request, if it has a key.
    pub fn claim(&self, body: &[u8]) -> Option<Claim> {
        let key = self.key.clone()?;
        Some(Claim::new(key, &self.method, &self.uri, body))
    }

    /// Returns the claim of one item of a batch, if the request has a key.
    pub fn item_claim(&self, index: usize, item: &[u8]) -> Option<Claim> {
        let key = item_key(self.key.as_ref()?, index);
        Some(Claim::new(key, &self.method, &self.uri, item))
    }

    /// Acquires the lease of the batch, if the request has a key.
    ///
    /// # Errors
    /// Returns the problem of [`BatchLease::acquire`].
    pub async fn lease_batch(&self) -> Result<Option<BatchLease>, Problem> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        let holder = self.ids.next(self.now);
        let lease = BatchLease::acquire(self.idempotency_context(), key, holder, self.now).await?;
        Ok(Some(lease))
    }

    /// Returns the stored responses of the first `count` items, by index. Returns nothing without a key.
    ///
    /// # Errors
    /// Returns the [`crate::db::DatabaseError`] of a read.
    pub async fn stored_item_responses(
        &self,
        count: usize,
    ) -> Result<Vec<Option<StoredResponse>>, Problem> {
        let Some(key) = &self.key else {
            return Ok(Vec::new());
        };
        let keys: Vec<_> = (0..count).map(|index| item_key(key, index)).collect();
        let input = (self.workspace_id, keys.clone());
        let read = self
            .database
            .read(self.deadline, input, |connection, input| {
                Box::pin(async move { idempotency::find_all(connection, input.0, &input.1).await })
            });
        let mut stored: HashMap<_, _> = read.await?.into_iter().collect();
        Ok(keys.iter().map(|key| stored.remove(key)).collect())
    }

    /// Runs one transaction, which also writes the activities and events of its changes and the row of the idempotency
    /// key. All attempts share the input.
    ///
    /// # Errors
    /// Returns the problem of the work, or one of [`idempotency::execute_once`].
    pub async fn run<I>(
        self,
        body: &[u8],
        input: I,
        work: impl for<'c> Fn(&'c mut PgConnection, Arc<I>) -> BoxFuture<'c, Result<Outcome, Problem>>
        + Send
        + Sync
        + 'static,
    ) -> Result<Response, Problem>
    where
        I: Send + Sync + 'static,
    {
        let claim = self.claim(body);
        let job = Arc::new(Job {
            author: self.author(),
            recorder: self.recorder.clone(),
            claim: claim.clone(),
            input: Arc::new(input),
            work,
        });
        let attempt = || {
            let (database, job) = (&self.database, Arc::clone(&job));
            database.transaction(self.deadline, job, |connection, job| {
                Box::pin(async move { job.run(connection).await })
            })
        };
        let executed = self.execute_once(claim.as_ref(), attempt).await?;
        Ok(executed.into_response())
    }

    /// Executes an attempt that writes the row of the claim in its own transaction.
    ///
    /// # Errors
    /// Returns a problem of [`idempotency::execute_once`].
    pub async fn execute_once<T, F>(
        &self,
        claim: Option<&Claim>,
        attempt: impl FnMut() -> F,
    ) -> Result<Executed<T>, Problem>
    where
        T: Replay,
        F: Future<Output = Result<T, Problem>>,
    {
        let context = self.idempotency_context();
        let executed = idempotency::execute_once(context, claim, attempt).await?;
        self.recorder.wake_worker();
        Ok(executed)
    }

    fn idempotency_context(&self) -> IdempotencyContext<'_> {
        IdempotencyContext {
            database: &self.database,
            running: &self.running,
            deadline: self.deadline,
            workspace_id: self.workspace_id,
        }
    }
}

/// The key of an item. A header has no line break, so an item never shares its key with another request.
fn item_key(key: &str, index: usize) -> String {
    format!("{key}\n{index}")
}

/// The input of one attempt.
struct Job<I, W> {
    author: Author,
    recorder: ChangeRecorder,
    claim: Option<Claim>,
    input: Arc<I>,
    work: W,
}

impl<I, W> Job<I, W>
where
    W: for<'c> Fn(&'c mut PgConnection, Arc<I>) -> BoxFuture<'c, Result<Outcome, Problem>>,
{
    async fn run(&self, connection: &mut PgConnection) -> Result<WriteResponse, Problem> {
        let outcome = (self.work)(connection, Arc::clone(&self.input)).await?;
        let (author, changes) = (&self.author, outcome.changes.as_slice());
        let workspace_id = author.workspace_id;
        self.recorder.record(connection, author, changes).await?;
        if let Some(claim) = &self.claim {
            let stored = outcome
                .stored_response
                .as_ref()
                .unwrap_or(&outcome.response);
            let case_id = changes.first().map(|it| it.case_id).or(outcome.subject);
            idempotency::insert(connection, workspace_id, claim, case_id, stored, author.now)
                .await?;
        }
        if let Some(version) = outcome.reference_version {
            check_reference_version(connection, workspace_id, version).await?;
        }
        Ok(outcome.response)
    }
}
