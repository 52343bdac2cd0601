//! `POST /webhooks/{id}/replay`.

mod request;
mod store;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use self::request::{ReplayDraft, ReplayRequest};
use self::store::{MAX_EVENTS, Part, Replayed};
use super::store::find_locked;
use crate::db::listing::CursorPosition;
use crate::http::{Cursor, Id, JsonBody, NoQuery, Parsed, Problem, ProblemType, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::validation::{Code, Fault};
use crate::writes::{Outcome, Write};

/// The result of a replay.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayView {
    /// The number of deliveries created.
    deliveries: i64,
    /// The number of events with a pending delivery. That delivery is sent; no second one is created.
    already_pending: i64,
    /// The number of events without a stored payload, which are not sent: no webhook was subscribed to them when they
    /// occurred, or their case was deleted.
    without_payload: i64,
    /// The `cursor` of the next request for this range; `null` after the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

struct Work {
    workspace_id: Uuid,
    id: Uuid,
    request: Parsed<ReplayDraft>,
    ids: Vec<Uuid>,
    trace_parent: Option<Arc<str>>,
    now: DateTime<Utc>,
}

/// Sends the events of a time range again. Use it after an outage of the receiver, or for a new receiver. Events are
/// sent whether or not they were delivered before, with their original payload and `webhook-id`, in the order of each
/// case, once the webhook is online. One request covers up to 500 events of the workspace; repeat it with `next_cursor`
/// until that is `null`.
///
/// # Errors
/// Returns 400, 401, 404 or a database error.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/replay",
    operation_id = "replay_webhook",
    tag = "Webhooks",
    params(Id, IdempotencyKey),
    request_body(
        content = ReplayRequest<'static>,
        example = json!({"since": "2026-01-01T08:00:00Z", "until": "2026-01-01T12:00:00Z"}),
    ),
    responses(
        (status = 202, description = "The deliveries are created, and due now.", body = ReplayView),
    ),
)]
pub async fn replay(
    write: Write,
    Id(id): Id,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parse_body!(
        write.compute,
        body.clone(),
        ReplayRequest<'_>,
        |request: ReplayRequest<'_>, scope| request.parse(scope)
    )?;
    let work = Work {
        workspace_id: write.workspace_id,
        id,
        request,
        ids: (0..MAX_EVENTS).map(|_| write.ids.next(write.now)).collect(),
        trace_parent: write.author().trace_parent,
        now: write.now,
    };
    write.recorder.expect_deliveries();
    let replay = write.run(&body, work, |connection, work| {
        Box::pin(replay_part(connection, work))
    });
    replay.await
}

async fn replay_part(connection: &mut PgConnection, work: Arc<Work>) -> Result<Outcome, Problem> {
    // A concurrent replay of this webhook waits here; it then finds the deliveries of this one pending.
    let found = find_locked(connection, work.workspace_id, work.id).await?;
    let webhook = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let request = &work.request;
    let mut violations = request.violations();
    let (Some(since), Some(until)) = (request.value.since, request.value.until) else {
        request.refuse(violations)?;
        return Err(Problem::Plain(ProblemType::InvalidParameters));
    };
    let digest = digest(work.id, since, until);
    let after = match &request.value.cursor {
        None => Ok(start_of(since)),
        Some(cursor) => parse_cursor(cursor, digest),
    };
    let after = after.unwrap_or_else(|fault| {
        violations.add(|| "/cursor".to_owned(), || fault);
        start_of(since)
    });
    request.refuse(violations)?;
    let part = Part {
        workspace_id: work.workspace_id,
        webhook: &webhook,
        after,
        until,
        ids: &work.ids,
        trace_parent: work.trace_parent.as_deref(),
        now: work.now,
    };
    let Replayed {
        deliveries,
        already_pending,
        without_payload,
        next,
    } = store::replay(connection, part).await?;
    let next = next.map(|position| Cursor { position, digest }.to_string());
    let view = ReplayView {
        deliveries,
        already_pending,
        without_payload,
        next_cursor: next,
    };
    Ok(WriteResponse::json(StatusCode::ACCEPTED, &view)?.into())
}

/// The position before the first event at or after `since`.
fn start_of(since: DateTime<Utc>) -> CursorPosition {
    CursorPosition {
        created_at: since,
        id: Uuid::nil(),
    }
}

/// The digest of the webhook and the range, which a cursor contains.
fn digest(id: Uuid, since: DateTime<Utc>, until: DateTime<Utc>) -> u64 {
    let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let range = [
        ("replay".to_owned(), id.to_string()),
        ("since".to_owned(), moment(since)),
        ("until".to_owned(), moment(until)),
    ];
    Cursor::digest("replay", range.iter(), false)
}

/// The position after the previous part.
///
/// # Errors
/// Returns a fault if the string is not a cursor, or is one of another webhook or range.
fn parse_cursor(cursor: &str, digest: u64) -> Result<CursorPosition, Fault> {
    let cursor = Cursor::read(cursor, digest).map_err(|fault| {
        let message = match fault.code {
            Code::MutuallyExclusive => {
                "This cursor belongs to another webhook or another range. Keep since and until the same in each \
                 request, or omit cursor to start again."
            }
            _ => {
                "This is not a cursor. Send next_cursor of the previous response unchanged, or omit cursor to start."
            }
        };
        Fault::new(fault.code, message)
    })?;
    Ok(cursor.position)
}
