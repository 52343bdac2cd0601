//! Doing something once.

use std::future::Future;

use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::store::{self, Kept};
use super::{Claim, Running};
use crate::db::{Database, DatabaseError, Deadline};
use crate::http::{Answer, Problem, ProblemType};

/// How often something is tried whose outcome is not known: with a key, another try finds out.
const ATTEMPTS: usize = 2;

/// The constraint by which a key is taken once.
const KEY: &str = "idempotency_keys_pkey";

/// Where something is done once.
#[derive(Debug, Clone, Copy)]
pub struct Once<'o> {
    pub database: &'o Database,
    pub running: &'o Running,
    pub deadline: Deadline,
    pub workspace_id: Uuid,
}

/// What a request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub answer: Answer,
    /// Whether it is the answer of an earlier request with the key.
    pub is_replayed: bool,
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        let is_replayed = false;
        Self {
            answer,
            is_replayed,
        }
    }
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
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
/// # Errors
/// Those of the attempt; 409 while the first request is still running; 410 when the case that the
/// answer showed was deleted; 422 for another request with the key.
pub async fn once<F>(
    place: Once<'_>,
    claim: Option<&Claim>,
    mut attempt: impl FnMut() -> F,
) -> Result<Answered, Problem>
where
    F: Future<Output = Result<Answer, Problem>>,
{
    let Some(claim) = claim else {
        return Ok(attempt().await?.into());
    };
    let entered = place.running.enter(place.workspace_id, &claim.key).await;
    let in_progress = || Problem::Plain(ProblemType::RequestInProgress);
    let entered = entered.ok_or_else(in_progress)?;
    if entered.has_waited
        && let Some(kept) = place.find(claim).await?
    {
        return replayed(kept, claim);
    }
    let mut more = 1..ATTEMPTS;
    loop {
        let problem = match attempt().await {
            Ok(answer) => return Ok(answer.into()),
            Err(problem) => problem,
        };
        if matches!(problem, Problem::Database(DatabaseError::Unavailable(_))) {
            return Err(problem);
        }
        // Without the row of the key nobody knows what the attempt's problem means.
        if let Some(kept) = place.find(claim).await? {
            return replayed(kept, claim);
        }
        match problem {
            Problem::Database(ref error) if error.is_waiting_for(KEY) => return Err(in_progress()),
            // The key was freed again by a first request that failed, or nobody knows yet.
            Problem::Database(DatabaseError::OutcomeUnknown(_)) if more.next().is_some() => {}
            Problem::Database(ref error) if is_taken(error) && more.next().is_some() => {}
            problem => return Err(problem),
        }
    }
}

impl Once<'_> {
    async fn find(&self, claim: &Claim) -> Result<Option<Kept>, Problem> {
        let asked = (self.workspace_id, claim.key.clone());
        let find = self
            .database
            .read(self.deadline, asked, |connection, asked| {
                Box::pin(async move { store::find(connection, asked.0, &asked.1).await })
            });
        Ok(Box::pin(find).await?)
    }
}

fn is_taken(error: &DatabaseError) -> bool {
    error.constraint() == Some(KEY)
}

/// The answer of an earlier request with the key.
///
/// # Errors
/// 422 where that was another request, and 410 when the case that the answer showed was deleted.
pub fn replayed(kept: Kept, claim: &Claim) -> Result<Answered, Problem> {
    if kept.request_hash != claim.request_hash {
        return Err(Problem::Plain(ProblemType::IdempotencyKeyReused));
    }
    let answer = kept
        .answer
        .ok_or(Problem::Plain(ProblemType::AnswerErased))?;
    Ok(Answered {
        answer,
        is_replayed: true,
    })
}
