//! `GET /spaces`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::{Space, SpaceView};
use crate::auth::Caller;
use crate::db::listing::{Field, Listing};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;

const FIELDS: &[Field] = &[
    filters::name("name", "c.name"),
    filters::moment("created_at", "c.created_at"),
];

/// The spaces of a workspace.
pub const LISTING: Listing = Listing {
    table: "spaces",
    base_condition: "true",
    row: "to_jsonb(c)",
    count_limit: None,
    identifier: "slug",
};

/// The default sort field.
const ORDER: &str = "created_at";

parameters!(Parameters, parameters::pages(FIELDS, ORDER));

/// Lists the spaces of the workspace.
///
/// # Errors
/// Returns 400, 401 or a database error.
#[utoipa::path(
    get,
    path = "/spaces",
    operation_id = "list_spaces",
    tag = "Spaces",
    params(Parameters),
    responses(
        (status = 200, description = "A page of spaces.", body = PageView<SpaceView<'static>>),
    ),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let list = query.pages(FIELDS, ORDER);
    query.finish()?;
    let listing = &LISTING;
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &list).await?;
    let rows = PageView::new(listed, &list, serde_json::from_value::<Space>)?;
    Ok(Json(rows.view(SpaceView::new)).into_response())
}
