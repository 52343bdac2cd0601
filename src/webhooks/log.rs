//! `GET /webhook-logs` and `GET /webhook-logs/{id}`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use sqlx::PgConnection;
use uuid::Uuid;

use super::log_view::{WebhookLog, WebhookLogView};
use crate::auth::Caller;
use crate::db::listing::{Condition, Field, Kind, Listing, Operand, Operator, Slice};
use crate::db::{Database, Deadline};
use crate::events::EVENTS;
use crate::http::{
    Id, NoQuery, PageView, Problem, ProblemType, Query, filters, list as read_list, parameters,
};
use crate::parameters;

const FIELDS: &[Field] = &[
    Field {
        name: "event",
        column: "c.event",
        kind: Kind::Word(EVENTS),
        operators: &[Operator::Eq, Operator::NotEq, Operator::In, Operator::NotIn],
        sortable: false,
    },
    filters::id("case_id", "c.case_id", filters::EQUALITY),
    filters::id("individual_id", "c.individual_id", filters::NULLABLE),
    filters::id("company_id", "c.company_id", filters::NULLABLE),
    filters::id("webhook_id", "c.webhook_id", filters::EQUALITY),
    filters::moment("created_at", "c.created_at"),
];

/// The delivery itself.
const ITSELF: Field = filters::id("id", "c.id", filters::EQUALITY);

/// The deliveries of a workspace. A page of them has no payload of more than about 16 KiB as it is
/// stored, which is compressed.
pub const LOG_LISTING: Listing = Listing {
    table: "webhook_logs",
    base_condition: "true",
    row: "to_jsonb(c) || jsonb_build_object(
        'outbox', (SELECT jsonb_build_object('id', o.id, 'company_id', o.company_id,
                'individual_id', o.individual_id, 'event', o.event, 'sub_event', o.sub_event,
                'version', o.version, 'case_context', o.case_context, 'created_at', o.created_at,
                'subject', CASE WHEN pg_column_size(o.subject) <= 16384 THEN o.subject END,
                'is_omitted', coalesce(pg_column_size(o.subject) > 16384, false),
                'workspace_id', w.id, 'workspace_name', w.name)
            FROM outbox AS o JOIN workspaces AS w ON w.id = o.workspace_id
            WHERE o.workspace_id = c.workspace_id AND o.case_id = c.case_id AND o.id = c.event_id),
        'attempts', (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.ordinal), '[]')
            FROM webhook_log_attempts AS a
            WHERE a.workspace_id = c.workspace_id AND a.log_id = c.id))",
    count_limit: Some(filters::COUNTED),
    identifier: "id",
};

/// One delivery, with its payload whatever its size.
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

/// Its order where the request does not say.
const ORDER: &str = "created_at.desc";

parameters!(Parameters, parameters::list(FIELDS, ORDER));

/// Lists the deliveries of the workspace, newest first.
///
/// # Errors
/// 400, 401 and what the database can have.
#[utoipa::path(
    get,
    path = "/webhook-logs",
    operation_id = "list_webhook_logs",
    tag = "Webhooks",
    params(Parameters),
    responses(
        (status = 200, description = "A page of deliveries.", body = PageView<WebhookLogView<'static>>),
    ),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let asked = query.list("webhook-logs", FIELDS, ORDER);
    query.finish()?;
    let listing = &LOG_LISTING;
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &asked).await?;
    let rows = PageView::new(listed, &asked, serde_json::from_value::<WebhookLog>)?;
    Ok(Json(rows.view(WebhookLogView::new)).into_response())
}

/// Reads a delivery.
///
/// # Errors
/// 401, 404 and what the database can have.
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
    let asked = (caller.workspace_id, id);
    let found = database
        .read(deadline, asked, |connection, asked| {
            Box::pin(async move { find(connection, asked.0, asked.1).await })
        })
        .await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let log: WebhookLog = serde_json::from_value(found).map_err(Problem::Decode)?;
    Ok(Json(WebhookLogView::new(&log)).into_response())
}

/// A delivery, if the workspace has it.
///
/// # Errors
/// Those of the database.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Option<serde_json::Value>, sqlx::Error> {
    let itself = Condition {
        field: &ITSELF,
        operator: Operator::Eq,
        operand: Operand::Uuid(id),
    };
    let one = Slice::After {
        position: None,
        limit: 1,
    };
    let conditions = [itself];
    let read = ONE.read(connection, workspace_id, &conditions, &[], &one);
    Ok(read.await?.rows.into_iter().next())
}
