//! `POST /webhooks/{id}/replay`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::replay_request::{ReplayDraft, ReplayRequest};
use super::replay_store::{self, EVENTS, Part, Replayed};
use super::store;
use crate::db::listing::CursorPosition;
use crate::http::{Cursor, Id, JsonBody, NoQuery, Parsed, Problem, ProblemType, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::validation::{Code, Fault};
use crate::writes::{Outcome, Write};

/// What became of a replay.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayView {
    /// How many deliveries were made.
    deliveries: i64,
    /// How many events have a delivery that is still pending: it is sent, and no second one.
    already_pending: i64,
    /// How many events are not sent since nothing of them is kept: no webhook waited for them when they happened, or
    /// their case was deleted.
    without_payload: i64,
    /// The `cursor` of the next request for this range; `null` once there is none.
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

/// Sends the events of a time again, whatever became of them: after an outage of the receiver, or to a new one. They
/// are sent as they were, with the same `webhook-id`, in the order of each case, once the webhook is online. One
/// request looks at up to 500 events of the workspace; repeat it with `next_cursor` until that is `null`.
///
/// # Errors
/// 400, 401, 404 and what the database can have.
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
        (status = 202, description = "The deliveries are due now.", body = ReplayView),
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
        ids: (0..EVENTS).map(|_| write.ids.next(write.now)).collect(),
        trace_parent: write.author().trace_parent,
        now: write.now,
    };
    write.events.leave();
    let replay = write.run(&body, work, |connection, work| {
        Box::pin(replay_part(connection, work))
    });
    replay.await
}

async fn replay_part(connection: &mut PgConnection, work: Arc<Work>) -> Result<Outcome, Problem> {
    // Another replay of this webhook waits here, and then sees what this one has made.
    let found = store::find_locked(connection, work.workspace_id, work.id).await?;
    let webhook = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let request = &work.request;
    let mut violations = request.violations();
    let (Some(since), Some(until)) = (request.value.since, request.value.until) else {
        request.refuse(violations)?;
        return Err(Problem::Plain(ProblemType::InvalidParameters));
    };
    let digest = digest(work.id, since, until);
    let after = match &request.value.cursor {
        None => Ok(beginning(since)),
        Some(sent) => read(sent, digest),
    };
    let after = after.unwrap_or_else(|fault| {
        violations.add(|| "/cursor".to_owned(), || fault);
        beginning(since)
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
    } = replay_store::replay(connection, part).await?;
    let next = next.map(|position| Cursor { position, digest }.to_string());
    let view = ReplayView {
        deliveries,
        already_pending,
        without_payload,
        next_cursor: next,
    };
    Ok(WriteResponse::json(StatusCode::ACCEPTED, &view)?.into())
}

/// The place before every event from a moment on.
fn beginning(since: DateTime<Utc>) -> CursorPosition {
    CursorPosition {
        created_at: since,
        id: Uuid::nil(),
    }
}

/// What a cursor must have been made for.
fn digest(id: Uuid, since: DateTime<Utc>, until: DateTime<Utc>) -> u64 {
    let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let asked = [
        ("replay".to_owned(), id.to_string()),
        ("since".to_owned(), moment(since)),
        ("until".to_owned(), moment(until)),
    ];
    Cursor::digest("replay", asked.iter(), false)
}

/// The place where the part before ended.
fn read(sent: &str, digest: u64) -> Result<CursorPosition, Fault> {
    let cursor = Cursor::read(sent, digest).map_err(|fault| {
        let message = match fault.code {
            Code::MutuallyExclusive => {
                "This cursor belongs to another webhook or another range. Keep since and until from request to \
                 request, or leave cursor out to begin."
            }
            _ => {
                "This is not a cursor. Take next_cursor of the response before as it is, or leave cursor out to begin."
            }
        };
        Fault::new(fault.code, message)
    })?;
    Ok(cursor.position)
}
