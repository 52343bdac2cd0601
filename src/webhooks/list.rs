//! `GET /webhooks`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::model::Webhook;
use super::view::WebhookView;
use crate::auth::Caller;
use crate::db::listing::{Field, Kind, Listing, Operator};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;

/// SQL: whether a webhook is subscribed to an event.
const IS_SUBSCRIBED: [&str; 3] = ["(", " = ANY (c.events) AND ", " IS NOT NULL)"];

/// A field with a fixed set of values.
const fn word(name: &'static str, column: &'static str, words: &'static [&'static str]) -> Field {
    Field {
        name,
        column,
        kind: Kind::Word(words),
        operators: filters::EQUALITY,
        sortable: true,
    }
}

const FIELDS: &[Field] = &[
    filters::name("name", "c.name"),
    filters::moment("created_at", "c.created_at"),
    filters::moment("updated_at", "c.updated_at"),
    word("status", "c.status", &["online", "offline"]),
    word("type", "c.type", &["user", "system"]),
    filters::name("url", "c.url"),
    Field {
        name: "events",
        column: "c.events",
        kind: Kind::Names(&IS_SUBSCRIBED),
        operators: &[
            Operator::ArrayContains,
            Operator::ArrayNotContains,
            Operator::ArrayOverlap,
        ],
        sortable: false,
    },
];

/// The webhooks of a workspace.
pub const LISTING: Listing = Listing {
    table: "webhooks",
    base_condition: "c.deleted_at IS NULL",
    row: "to_jsonb(c)",
    count_limit: None,
    identifier: "id",
};

/// The default order.
const ORDER: &str = "updated_at";

parameters!(Parameters, parameters::list(FIELDS, ORDER));

/// Lists the webhooks of the workspace.
///
/// # Errors
/// Returns 400, 401 or a database error.
#[utoipa::path(
    get,
    path = "/webhooks",
    operation_id = "list_webhooks",
    tag = "Webhooks",
    params(Parameters),
    responses(
        (status = 200, description = "A page of webhooks.", body = PageView<WebhookView<'static>>),
    ),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let list = query.list("webhooks", FIELDS, ORDER);
    query.finish()?;
    let listing = &LISTING;
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &list).await?;
    let rows = PageView::new(listed, &list, serde_json::from_value::<Webhook>)?;
    Ok(Json(rows.view(WebhookView::new)).into_response())
}
