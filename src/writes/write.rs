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

use super::{Compute, Outcome};
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::events::{Author, ChangeRecorder};
use crate::http::{Problem, WriteResponse};
use crate::idempotency::{
    self, BatchLease, Claim, Executed, IdempotencyKey, Once, RunningKeys, StoredResponse,
};
use crate::metrics::Metrics;
use crate::state::AppState;
use crate::traces;
use crate::values::{IdSource, now};

/// Who writes, when, and what makes the write happen once.
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
    /// Who its activities name.
    pub fn author(&self) -> Author {
        Author {
            workspace_id: self.workspace_id,
            api_key_id: Arc::clone(&self.caller.api_key_id),
            ids: self.ids.clone(),
            now: self.now,
            trace_parent: self.trace_parent.clone(),
        }
    }

    /// What the key of the request claims, if it has one.
    pub fn claim(&self, body: &[u8]) -> Option<Claim> {
        let key = self.key.clone()?;
        Some(Claim::new(key, &self.method, &self.uri, body))
    }

    /// What the key of the request claims for one item of it.
    pub fn claim_of_item(&self, index: usize, item: &[u8]) -> Option<Claim> {
        let key = key_of_item(self.key.as_ref()?, index);
        Some(Claim::new(key, &self.method, &self.uri, item))
    }

    /// The right to run the batch of this request, where it has a key.
    ///
    /// # Errors
    /// As [`BatchLease::take`].
    pub async fn lease_of_batch(&self) -> Result<Option<BatchLease>, Problem> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        let holder = self.ids.next(self.now);
        let lease = BatchLease::take(self.place(), key, holder, self.now).await?;
        Ok(Some(lease))
    }

    /// What is kept of the key of the request for the first `count` items of it, by their places; nothing
    /// without a key.
    ///
    /// # Errors
    /// What the database can have.
    pub async fn kept_of_items(
        &self,
        count: usize,
    ) -> Result<Vec<Option<StoredResponse>>, Problem> {
        let Some(key) = &self.key else {
            return Ok(Vec::new());
        };
        let keys: Vec<_> = (0..count).map(|index| key_of_item(key, index)).collect();
        let asked = (self.workspace_id, keys.clone());
        let read = self
            .database
            .read(self.deadline, asked, |connection, asked| {
                Box::pin(async move { idempotency::find_all(connection, asked.0, &asked.1).await })
            });
        let mut kept: HashMap<_, _> = read.await?.into_iter().collect();
        Ok(keys.iter().map(|key| kept.remove(key)).collect())
    }

    /// Runs one transaction, with the activities and events of what changed in it and the row of
    /// the request's key. The input is shared with every try.
    ///
    /// # Errors
    /// Those of the work, of a repeated key, and what the database can have.
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
        let answered = self.once(claim.as_ref(), attempt).await?;
        Ok(answered.into_response())
    }

    /// Does something whose transaction writes the row of the claim itself.
    ///
    /// # Errors
    /// As [`idempotency::once`].
    pub async fn once<F>(
        &self,
        claim: Option<&Claim>,
        attempt: impl FnMut() -> F,
    ) -> Result<Executed, Problem>
    where
        F: Future<Output = Result<WriteResponse, Problem>>,
    {
        let answered = idempotency::once(self.place(), claim, attempt).await?;
        self.recorder.wake_worker();
        Ok(answered)
    }

    fn place(&self) -> Once<'_> {
        Once {
            database: &self.database,
            running: &self.running,
            deadline: self.deadline,
            workspace_id: self.workspace_id,
        }
    }
}

/// A key has no line break, as no header has: that of an item is never that of another request.
fn key_of_item(key: &str, index: usize) -> String {
    format!("{key}\n{index}")
}

/// What one try of a write needs.
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
        self.recorder.record(connection, author, changes).await?;
        if let Some(claim) = &self.claim {
            let stored = outcome
                .stored_response
                .as_ref()
                .unwrap_or(&outcome.response);
            let case_id = changes.first().map(|it| it.case_id).or(outcome.subject);
            let workspace_id = author.workspace_id;
            idempotency::insert(connection, workspace_id, claim, case_id, stored, author.now)
                .await?;
        }
        Ok(outcome.response)
    }
}
