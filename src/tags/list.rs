//! `GET /tags`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::{Tag, TagView};
use crate::auth::Caller;
use crate::db::listing::{Field, Listing};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, described, filters, list as read_list};

const FIELDS: &[Field] = &[
    filters::name("label", "c.label"),
    filters::moment("created_at", "c.created_at"),
];

/// The tags of a workspace.
pub const LISTING: Listing = Listing {
    table: "tags",
    always: "true",
    row: "to_jsonb(c)",
    counted: None,
    identifier: "id",
};

/// Its parameters, for the reference.
struct Parameters;

impl IntoParams for Parameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        described::list(FIELDS, "created_at")
    }
}

/// Lists the tags of the workspace.
///
/// # Errors
/// 400, 401 and what the database can have.
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
    let asked = query.list(FIELDS, "created_at");
    query.finish()?;
    let listing = &LISTING;
    let listed = read_list(&database, deadline, listing, caller.workspace_id, &asked).await?;
    let rows = PageView::new(listed, &asked, serde_json::from_value::<Tag>)?;
    Ok(Json(rows.view(TagView::new)).into_response())
}
