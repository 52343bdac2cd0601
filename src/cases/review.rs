//! `POST /cases/{id}/reviews`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{CaseHeader, Review, Status};
use super::store;
use super::view::ReviewView;
use crate::events::{Change, Context, Event, Subject};
use crate::http::{JsonBody, NoQuery, Parsed, Problem, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::schema::shape;
use crate::validation::{Code, Fault, Scope, Text, quote};
use crate::values::{PlainText, choice, date, length, moment};
use crate::versions::{CaseReference, IfMatch, lock, touch};
use crate::wire_object;
use crate::writes::{Outcome, Write};

/// The statuses that a review can set.
const DECISIONS: [(&str, Status); 3] = [
    ("approved", Status::Approved),
    ("rejected", Status::Rejected),
    ("closed", Status::Closed),
];

wire_object! {
    /// A review: a decision on a case.
    ReviewRequest {
        /// The decision. It becomes the status of the case.
        "status" => status: Text<'de> = shape::words(DECISIONS.map(|it| it.0)).required(),
        /// The reason.
        "comment" => comment: Text<'de> =
            shape::text(1, 5_000).example("Ownership verified against the register."),
        /// Time of the decision; by default the current time. Not in the future.
        "reviewed_at" => reviewed_at: Text<'de> =
            shape::format("date-time").example("2026-11-25T09:30:00Z"),
        /// Day of the next review. Only with `approved`.
        "next_review_at" => next_review_at: Text<'de> = shape::format("date").example("2027-11-25"),
    }
}

/// A parsed review. A valid one has a status.
#[derive(Debug, Clone)]
pub struct Decision {
    pub status: Option<Status>,
    comment: Option<PlainText>,
    pub reviewed_at: Option<DateTime<Utc>>,
    next_review_at: Option<NaiveDate>,
}

impl Decision {
    /// Makes the review.
    pub fn review(&self, id: Uuid, now: DateTime<Utc>) -> Review {
        Review {
            id,
            status: self.status.unwrap_or(Status::Closed),
            comment: self.comment.clone(),
            reviewed_at: self.reviewed_at.unwrap_or(now),
            next_review_at: self.next_review_at,
        }
    }
}

struct Work {
    workspace_id: Uuid,
    reference: CaseReference,
    if_match: IfMatch,
    request: Parsed<Decision>,
    id: Uuid,
    now: DateTime<Utc>,
}

/// Adds a review to a case. Its decision becomes the status of the case.
///
/// # Errors
/// Returns 400, 401, 404, 409 if the case is a draft, 412 or a database error.
#[utoipa::path(
    post,
    path = "/cases/{case}/reviews",
    operation_id = "review_case",
    tag = "Cases",
    params(CaseReference, IfMatch, IdempotencyKey),
    request_body(
        content = ReviewRequest<'static>,
        example = json!(
            {"status": "approved", "comment": "Ownership verified against the register.",
                "next_review_at": "2027-11-25"}
        ),
    ),
    responses(
        (status = 201, description = "The review.", body = ReviewView<'static>, headers(("ETag"))),
    ),
)]
pub async fn review(
    write: Write,
    reference: CaseReference,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let now = write.now;
    let work = Work {
        workspace_id: write.workspace_id,
        reference,
        if_match,
        request: parse_body!(
            write.compute,
            body.clone(),
            ReviewRequest<'_>,
            |request: ReviewRequest<'_>, scope| { request.parse(now, scope) }
        )?,
        id: write.ids.next(now),
        now,
    };
    write
        .run(&body, work, |connection, work| {
            Box::pin(decide(connection, work))
        })
        .await
}

async fn decide(connection: &mut PgConnection, work: Arc<Work>) -> Result<Outcome, Problem> {
    let workspace_id = work.workspace_id;
    let locked = lock(connection, workspace_id, &work.reference, &work.if_match).await?;
    work.request.refuse(work.request.violations())?;
    let decision = &work.request.value;
    let case = store::header(connection, workspace_id, locked.id).await?;
    if case.status == Status::Draft {
        return Err(draft());
    }
    let review = decision.review(work.id, work.now);
    store::insert_review(connection, workspace_id, locked.id, &review, work.now).await?;
    let version = touch(connection, workspace_id, locked.id, work.now).await?;
    let response = WriteResponse::json(StatusCode::CREATED, &ReviewView::new(&review))?;
    let outcome = Outcome::from(response.with_version(version));
    Ok(decided(&case, &review, version)
        .into_iter()
        .fold(outcome, Outcome::change))
}

/// The changes of a review: the review and, if it differs, the status. They omit the comment, which may contain
/// personal data.
fn decided(case: &CaseHeader, review: &Review, version: i64) -> Vec<Change> {
    let context = json!({"id": review.id, "status": review.status, "comment": null,
        "next_review_at": review.next_review_at});
    let change = |activity| Change::new(case.id, Subject::Case, version, activity);
    let confirmed = change("api__confirmed_review__case")
        .with_context(Context::Resource("case_review", context))
        .with_event(Event::CASE_REVIEW_CONFIRMED);
    if case.status == review.status {
        return vec![confirmed];
    }
    let updated = change("api__updated_status__case")
        .with_context(Context::CaseStatus(review.status.as_str()))
        .with_transition("status", case.status.as_str(), review.status.as_str())
        .with_event(Event::CASE_STATUS_UPDATED);
    vec![confirmed, updated]
}

fn draft() -> Problem {
    let message = "A draft cannot be reviewed. Open it first: PATCH the case with status open.";
    Problem::conflict("/status", Fault::new(Code::StatusTransition, message))
}

impl ReviewRequest<'_> {
    /// Parses the request and collects every error.
    pub fn parse(mut self, now: DateTime<Utc>, scope: &mut Scope<'_>) -> Decision {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let status = scope.required(self.status(), |sent| choice(sent, &DECISIONS));
        let comment = scope.optional(self.comment(), |sent| length(sent, 1, 5_000));
        let reviewed_at = scope.optional(self.reviewed_at(), |sent| past(sent, now));
        let next_review_at = scope.optional(self.next_review_at(), date);
        if let (Some(status), Some(_)) = (status, next_review_at)
            && status != Status::Approved
        {
            let message = format!(
                "next_review_at is allowed only with the status approved; this review is {}. Remove it.",
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

/// Parses a timestamp that is not in the future.
///
/// # Errors
/// Returns `format` or `date_in_future`.
pub fn past(sent: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Fault> {
    let at = moment(sent)?;
    if at > now {
        let message = format!("{} is in the future. Send a time in the past.", quote(sent));
        return Err(Fault::new(Code::DateInFuture, message));
    }
    Ok(at)
}
