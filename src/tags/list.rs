//! `GET /tags`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::{Tag, TagView};
use crate::auth::Caller;
use crate::db::listing::{Field, Listing, Operand, Operator};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;
use crate::values::TagLabel;

const FIELDS: &[Field] = &[
    filters::name("label", "c.label"),
    filters::moment("created_at", "c.created_at"),
];

/// The tags of a workspace.
pub const LISTING: Listing = Listing {
    table: "tags",
    base_condition: "true",
    row: "to_jsonb(c)",
    count_limit: None,
    identifier: "id",
};

/// The default sort field.
const ORDER: &str = "created_at";

parameters!(Parameters, parameters::list(FIELDS, ORDER));

/// Lists the tags of the workspace.
///
/// # Errors
/// Returns 400, 401 or a database error.
#[utoipa::path(
    get,
    path = "/tags",
    operation_id = "list_tags",
    tag = "Tags",
    params(Parameters),
    responses((status = 200, description = "A page of tags.", body = PageView<TagView<'static>>)),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let mut list = query.list("tags", FIELDS, ORDER);
    query.finish()?;
    for condition in &mut list.conditions {
        // Labels are stored trimmed. In a pattern, white space at an end is significant.
        let is_whole = matches!(condition.operator, Operator::Eq | Operator::NotEq);
        if let (true, Operand::Text(label)) = (is_whole, &mut condition.operand) {
            *label = TagLabel::trimmed(label).to_owned();
        }
    }
    let listing = &LISTING;
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &list).await?;
    let rows = PageView::new(listed, &list, serde_json::from_value::<Tag>)?;
    Ok(Json(rows.view(TagView::new)).into_response())
}
