//! `GET /webhook-logs`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::view::{WebhookLog, WebhookLogView};
use crate::auth::Caller;
use crate::db::listing::{Field, Kind, Listing, Operator};
use crate::db::{Database, Deadline};
use crate::events::EVENTS;
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
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

/// The deliveries of a workspace. A page omits payloads whose stored, compressed form is larger than 16 KiB.
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

/// The default order.
const ORDER: &str = "created_at.desc";

parameters!(Parameters, parameters::list(FIELDS, ORDER));

/// Lists the deliveries of the workspace, newest first.
///
/// # Errors
/// Returns 400, 401 or a database error.
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
    let list = query.list("webhook-logs", FIELDS, ORDER);
    query.finish()?;
    let listing = &LOG_LISTING;
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &list).await?;
    let rows = PageView::new(listed, &list, serde_json::from_value::<WebhookLog>)?;
    Ok(Json(rows.view(WebhookLogView::new)).into_response())
}
