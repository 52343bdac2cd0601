//! `GET /webhook-logs/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sqlx::PgConnection;
use uuid::Uuid;

use super::list::LOG_LISTING;
use super::view::{WebhookLog, WebhookLogView};
use crate::auth::Caller;
use crate::db::listing::{Condition, Field, Listing, Operand, Operator, Slice};
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, ProblemType, filters};

/// The id of a delivery.
const ID: Field = filters::id("id", "c.id", filters::EQUALITY);

/// One delivery, with its whole payload.
const ONE: Listing = Listing {
    row: "to_jsonb(c) || jsonb_build_object(
        'outbox', (SELECT to_jsonb(o) || jsonb_build_object('workspace_name', w.name)
            FROM outbox AS o JOIN workspaces AS w ON w.id = o.workspace_id
            WHERE o.workspace_id = c.workspace_id AND o.case_id = c.case_id AND o.id = c.event_id),
        'attempts', (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.ordinal), '[]')
            FROM webhook_log_attempts AS a
            WHERE a.workspace_id = c.workspace_id AND a.log_id = c.id))",
    ..LOG_LISTING
};

/// Returns a delivery.
///
/// # Errors
/// Returns 401, 404 or a database error.
#[utoipa::path(
    get,
    path = "/webhook-logs/{id}",
    operation_id = "get_webhook_log",
    tag = "Webhooks",
    params(Id),
    responses(
        (
            status = 200,
            description = "The delivery, with its whole payload.",
            body = WebhookLogView<'static>,
        ),
    ),
)]
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    _: NoQuery,
) -> Result<Response, Problem> {
    let key = (caller.workspace_id, id);
    let found = database
        .read(deadline, key, |connection, key| {
            Box::pin(async move { find(connection, key.0, key.1).await })
        })
        .await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let log: WebhookLog = serde_json::from_value(found).map_err(Problem::Decode)?;
    Ok(Json(WebhookLogView::new(&log)).into_response())
}

/// A delivery as JSON. Returns `None` if the workspace has no delivery with this id.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Option<serde_json::Value>, sqlx::Error> {
    let conditions = [Condition {
        field: &ID,
        operator: Operator::Eq,
        operand: Operand::Uuid(id),
    }];
    let one = Slice::After {
        position: None,
        limit: 1,
    };
    let read = ONE.read(connection, workspace_id, &conditions, &[], &one);
    Ok(read.await?.rows.into_iter().next())
}
