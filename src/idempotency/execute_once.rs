//! Doing something once.

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

/// How often something is tried whose outcome is not known: with a key, another try finds out.
const ATTEMPTS: usize = 2;
/// How long a repeated request waits for the first.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// How long the look-up of a key may take. It has time of its own, since it matters most when the
/// deadline of the request has passed.
const LOOK_UP: Duration = Duration::from_millis(800);

/// The constraint by which a key is taken once.
const KEY: &str = "idempotency_keys_pkey";

/// The keys whose first request is running in this process. Repeated requests wait here, and not each on
/// a connection; those of other processes find the row of the key.
pub type RunningKeys = KeyLocks<(Uuid, String)>;

/// Where something is done once.
#[derive(Debug, Clone, Copy)]
pub struct Once<'o> {
    pub database: &'o Database,
    pub running: &'o RunningKeys,
    pub deadline: Deadline,
    pub workspace_id: Uuid,
}

/// The response to a request that is executed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed<T> {
    pub response: T,
    /// Whether an earlier request with the idempotency key was executed, and this is its response.
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

/// Does what a request asks for, unless its key says that it was done.
///
/// The attempt itself writes the key, in its transaction. So nothing needs to be looked up for a
/// first request, and whatever stops a second one (the key itself, an external id that is taken, a
/// version that has moved on) is only the reason to look the key up.
///
/// Once the outcome of an attempt is unknown, only the row of the key or the success of another attempt
/// says otherwise. The problem of another attempt, or of the look-up, says nothing of the first one,
/// whose statement may still be running.
///
/// # Errors
/// Those of the attempt; 409 while the first request is still running; 410 when the case that the
/// answer showed was deleted; 422 for another request with the key; `OutcomeUnknown` as above.
pub async fn once<T, F>(
    place: Once<'_>,
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
    let lock = place.running.lock((place.workspace_id, claim.key.clone()));
    let Ok(lock) = timeout(PATIENCE, lock).await else {
        return Err(in_progress());
    };
    if lock.has_waited
        && let Some(kept) = place.find(claim).await?
    {
        return replayed(kept, claim);
    }
    let mut more = 1..ATTEMPTS;
    let mut is_unknown = false;
    loop {
        let problem = match attempt().await {
            Ok(response) => return Ok(Executed::now(response)),
            Err(problem) => problem,
        };
        is_unknown |= is_outcome_unknown(&problem);
        if !is_unknown && has_done_nothing(&problem) {
            return Err(problem);
        }
        // Without the row of the key nobody knows what the attempt's problem means.
        match place.find(claim).await {
            Ok(Some(kept)) => return replayed(kept, claim),
            Ok(None) if is_worth_another_try(&problem) => {
                if !place.deadline.has_passed() && more.next().is_some() {
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
            Problem::Database(error) if error.is_waiting_for(KEY) => in_progress(),
            problem => problem,
        });
    }
}

impl Once<'_> {
    async fn find(&self, claim: &Claim) -> Result<Option<StoredResponse>, Problem> {
        let asked = (self.workspace_id, claim.key.clone());
        let deadline = Deadline::after(LOOK_UP);
        let find = self.database.read(deadline, asked, |connection, asked| {
            Box::pin(async move { store::find(connection, asked.0, &asked.1).await })
        });
        Ok(Box::pin(find).await?)
    }
}

/// Another request with the key is under way.
pub(super) fn in_progress() -> Problem {
    Problem::Plain(ProblemType::RequestInProgress)
}

fn is_outcome_unknown(problem: &Problem) -> bool {
    matches!(problem, Problem::Database(DatabaseError::OutcomeUnknown(_)))
}

/// Whether nothing was sent to the database, so that there is nothing to look up.
fn has_done_nothing(problem: &Problem) -> bool {
    matches!(problem, Problem::Database(error) if error.is_for_later())
}

/// Whether another attempt may succeed, or find out: the outcome of this one is unknown, or the key that
/// stopped it was freed again by a first request that failed.
fn is_worth_another_try(problem: &Problem) -> bool {
    let is_taken = |error: &DatabaseError| error.constraint() == Some(KEY);
    is_outcome_unknown(problem) || matches!(problem, Problem::Database(error) if is_taken(error))
}

/// The answer of an earlier request with the key.
///
/// # Errors
/// 422 where that was another request, and 410 when the case that the answer showed was deleted.
pub fn replayed<T: Replay>(kept: StoredResponse, claim: &Claim) -> Result<Executed<T>, Problem> {
    if kept.request_hash != claim.request_hash {
        return Err(Problem::Plain(ProblemType::IdempotencyKeyReused));
    }
    let response = kept
        .response
        .ok_or(Problem::Plain(ProblemType::ResponseErased))?;
    Ok(Executed {
        response: T::replay(response)?,
        is_replayed: true,
    })
}
