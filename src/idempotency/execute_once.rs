//! Executing a request at most once for its idempotency key.

use std::future::Future;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use uuid::Uuid;

use super::Claim;
use super::store::{self, StoredResponse};
use crate::db::{Database, DatabaseError, Deadline};
use crate::http::{KeyLocks, Problem, ProblemType, WriteResponse};

/// Maximum number of attempts of one request. The key makes a second attempt safe if the outcome of the first is
/// unknown.
const ATTEMPTS: usize = 2;
/// How long a repeated request waits for the first.
pub(super) const WAIT_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum duration of the look-up of a key. It does not depend on the deadline of the request, because the look-up
/// matters most after that deadline.
const LOOKUP_TIMEOUT: Duration = Duration::from_millis(800);

/// The unique constraint of a key.
const KEY_CONSTRAINT: &str = "idempotency_keys_pkey";

/// The keys whose first request runs in this process. A repeated request waits for the lock without a database
/// connection. In another process, it waits for the row of the key.
pub type RunningKeys = KeyLocks<(Uuid, String)>;

/// The database, locks, deadline and workspace of a request with a key.
#[derive(Debug, Clone, Copy)]
pub struct IdempotencyContext<'a> {
    pub database: &'a Database,
    pub running: &'a RunningKeys,
    pub deadline: Deadline,
    pub workspace_id: Uuid,
}

/// The response to a request that was executed now or replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed<T> {
    pub response: T,
    /// Whether the response is the stored one of an earlier request.
    pub is_replayed: bool,
}

/// A response that can be made of the stored one.
pub trait Replay: Sized {
    /// Makes the response again.
    ///
    /// # Errors
    /// Returns `Problem::Decode` if the stored body cannot be read.
    fn replay(stored: WriteResponse) -> Result<Self, Problem>;
}

impl Replay for WriteResponse {
    fn replay(stored: WriteResponse) -> Result<Self, Problem> {
        Ok(stored)
    }
}

impl<T> Executed<T> {
    fn now(response: T) -> Self {
        let is_replayed = false;
        Self {
            response,
            is_replayed,
        }
    }
}

impl<T: IntoResponse> IntoResponse for Executed<T> {
    fn into_response(self) -> Response {
        let mut response = self.response.into_response();
        if self.is_replayed {
            let replayed = HeaderValue::from_static("true");
            response
                .headers_mut()
                .insert("idempotent-replayed", replayed);
        }
        response
    }
}

/// Executes a request, or returns the stored response if a request with the key was executed before.
///
/// The attempt itself inserts the row of the key, in its transaction, so a first request needs no look-up. A repeated
/// request fails on the key, on an external id that exists or on a version that has changed; the failure triggers the
/// look-up.
///
/// If the outcome of one attempt is unknown, only the row of the key or a successful attempt settles it. The error of
/// another attempt or of the look-up does not, because the statement of the first attempt may still run.
///
/// # Errors
/// Returns the problem of the attempt, and:
/// - `RequestInProgress` (409) while the first request runs,
/// - `ResponseErased` (410) if the case in the stored response was deleted,
/// - `IdempotencyKeyReused` (422) if the key belongs to another request,
/// - [`DatabaseError::OutcomeUnknown`] if the outcome stays unknown.
pub async fn execute_once<T, F>(
    context: IdempotencyContext<'_>,
    claim: Option<&Claim>,
    mut attempt: impl FnMut() -> F,
) -> Result<Executed<T>, Problem>
where
    T: Replay,
    F: Future<Output = Result<T, Problem>>,
{
    let Some(claim) = claim else {
        return Ok(Executed::now(attempt().await?));
    };
    let lock = context
        .running
        .lock((context.workspace_id, claim.key.clone()));
    let Ok(lock) = timeout(WAIT_TIMEOUT, lock).await else {
        return Err(in_progress());
    };
    if lock.has_waited
        && let Some(stored) = context.find(claim).await?
    {
        return replay(stored, claim);
    }
    let mut retries = 1..ATTEMPTS;
    let mut is_unknown = false;
    loop {
        let problem = match attempt().await {
            Ok(response) => return Ok(Executed::now(response)),
            Err(problem) => problem,
        };
        is_unknown |= is_outcome_unknown(&problem);
        if !is_unknown && is_temporary(&problem) {
            return Err(problem);
        }
        // An earlier request with the key may be the cause of the problem.
        match context.find(claim).await {
            Ok(Some(stored)) => return replay(stored, claim),
            Ok(None) if may_succeed_on_retry(&problem) => {
                if !context.deadline.has_passed() && retries.next().is_some() {
                    continue;
                }
            }
            Ok(None) => {}
            Err(problem) if !is_unknown => return Err(problem),
            Err(_) => {}
        }
        return Err(match problem {
            problem if is_outcome_unknown(&problem) => problem,
            _ if is_unknown => DatabaseError::OutcomeUnknown(None).into(),
            Problem::Database(error) if error.is_waiting_for(KEY_CONSTRAINT) => in_progress(),
            problem => problem,
        });
    }
}

impl IdempotencyContext<'_> {
    async fn find(&self, claim: &Claim) -> Result<Option<StoredResponse>, Problem> {
        let key = (self.workspace_id, claim.key.clone());
        let deadline = Deadline::after(LOOKUP_TIMEOUT);
        let find = self.database.read(deadline, key, |connection, key| {
            Box::pin(async move { store::find(connection, key.0, &key.1).await })
        });
        Ok(Box::pin(find).await?)
    }
}

/// The problem if another request with the key runs.
pub(super) fn in_progress() -> Problem {
    Problem::Plain(ProblemType::RequestInProgress)
}

fn is_outcome_unknown(problem: &Problem) -> bool {
    matches!(problem, Problem::Database(DatabaseError::OutcomeUnknown(_)))
}

/// Whether the database could not do the work, so that a look-up would fail as well.
fn is_temporary(problem: &Problem) -> bool {
    matches!(problem, Problem::Database(error) if error.is_temporary())
}

/// Whether another attempt may succeed or settle the outcome: the outcome of this one is unknown, or the first request
/// held the key and was rolled back.
fn may_succeed_on_retry(problem: &Problem) -> bool {
    let is_taken = |error: &DatabaseError| error.constraint() == Some(KEY_CONSTRAINT);
    is_outcome_unknown(problem) || matches!(problem, Problem::Database(error) if is_taken(error))
}

/// Returns the stored response of an earlier request with the key.
///
/// # Errors
/// Returns `IdempotencyKeyReused` (422) if the earlier request was another one, and `ResponseErased` (410) if the case
/// in the response was deleted.
pub fn replay<T: Replay>(stored: StoredResponse, claim: &Claim) -> Result<Executed<T>, Problem> {
    if stored.request_hash != claim.request_hash {
        return Err(Problem::Plain(ProblemType::IdempotencyKeyReused));
    }
    let response = stored
        .response
        .ok_or(Problem::Plain(ProblemType::ResponseErased))?;
    Ok(Executed {
        response: T::replay(response)?,
        is_replayed: true,
    })
}
