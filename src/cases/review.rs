//! `POST /cases/{id}/reviews`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::view::ReviewView;
use super::{Review, Status, store};
use crate::auth::Caller;
use crate::db::Deadline;
use crate::http::{JsonBody, NoQuery, Parsed, Problem, with_etag};
use crate::parsed;
use crate::state::AppState;
use crate::validation::{Code, Fault, Scope, Text, quote};
use crate::values::{choice, date, length, moment, now};
use crate::versions::{CaseReference, IfMatch, lock, touch};
use crate::wire_object;

wire_object! {
    /// A review as it may arrive.
    ReviewRequest {
        "status" => status: Text<'de>,
        "comment" => comment: Text<'de>,
        "reviewed_at" => reviewed_at: Text<'de>,
        "next_review_at" => next_review_at: Text<'de>,
    }
}

/// What a review says. Without faults, `status` is there.
#[derive(Debug, Clone)]
struct Decision {
    status: Option<Status>,
    comment: Option<String>,
    reviewed_at: Option<DateTime<Utc>>,
    next_review_at: Option<NaiveDate>,
}

struct Work {
    workspace_id: Uuid,
    reference: CaseReference,
    if_match: IfMatch,
    request: Parsed<Decision>,
    id: Uuid,
    now: DateTime<Utc>,
}

/// Records a decision on a case, which becomes its status.
///
/// # Errors
/// 400, 401, 404, 409 for a draft, 412 and what the database can have.
pub async fn review(
    State(state): State<AppState>,
    caller: Caller,
    deadline: Deadline,
    reference: CaseReference,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let now = now();
    let work = Work {
        workspace_id: caller.workspace_id,
        reference,
        if_match,
        request: parsed!(
            body,
            ReviewRequest<'_>,
            |request: ReviewRequest<'_>, scope| { request.parse(now, scope) }
        )?,
        id: state.ids.next(now),
        now,
    };
    let (review, version) = state
        .database
        .transaction(deadline, work, |connection, work| {
            Box::pin(decide(connection, work))
        })
        .await?;
    let answer = (StatusCode::CREATED, Json(ReviewView::new(&review)));
    Ok(with_etag(version, answer))
}

async fn decide(connection: &mut PgConnection, work: Arc<Work>) -> Result<(Review, i64), Problem> {
    let workspace_id = work.workspace_id;
    let locked = lock(connection, workspace_id, &work.reference, &work.if_match).await?;
    work.request.refuse(work.request.violations())?;
    let decision = &work.request.value;
    let case = store::header(connection, workspace_id, locked.id).await?;
    if case.status == Status::Draft {
        return Err(draft());
    }
    let review = Review {
        id: work.id,
        status: decision.status.unwrap_or(Status::Closed),
        comment: decision.comment.clone(),
        reviewed_at: decision.reviewed_at.unwrap_or(work.now),
        next_review_at: decision.next_review_at,
    };
    store::insert_review(connection, workspace_id, locked.id, &review, work.now).await?;
    let version = touch(connection, workspace_id, locked.id, work.now).await?;
    Ok((review, version))
}

fn draft() -> Problem {
    let message = "A draft cannot be reviewed. Open it first: PATCH the case with status open.";
    Problem::conflict("/status", Fault::new(Code::StatusTransition, message))
}

impl ReviewRequest<'_> {
    fn parse(self, now: DateTime<Utc>, scope: &mut Scope<'_>) -> Decision {
        self.strays.refuse(scope, Self::KNOWN);
        let status = scope.required(self.status, |sent| {
            choice(
                sent,
                &[
                    ("approved", Status::Approved),
                    ("rejected", Status::Rejected),
                    ("closed", Status::Closed),
                ],
            )
        });
        let comment = scope.optional(self.comment, |sent| length(sent, 1, 5_000));
        let reviewed_at = scope.optional(self.reviewed_at, |sent| past(sent, now));
        let next_review_at = scope.optional(self.next_review_at, date);
        if let (Some(status), Some(_)) = (status, next_review_at)
            && status != Status::Approved
        {
            let message = format!(
                "next_review_at goes with the status approved alone; this review is {}. Remove it.",
                status.as_str()
            );
            let fault = Fault::new(Code::MutuallyExclusive, message);
            scope.key("next_review_at").refuse(fault);
        }
        Decision {
            status,
            comment,
            reviewed_at,
            next_review_at,
        }
    }
}

/// A moment that has come.
fn past(sent: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Fault> {
    let at = moment(sent)?;
    if at > now {
        let message = format!("{} has not come yet. A review is in the past.", quote(sent));
        return Err(Fault::new(Code::DateInFuture, message));
    }
    Ok(at)
}
