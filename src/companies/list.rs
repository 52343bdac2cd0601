//! `GET /companies`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::{CompanyRowView, StoredCompany};
use crate::auth::Caller;
use crate::db::listing::{Field, Kind, Listing, Operator};
use crate::db::{Database, Deadline};
use crate::http::{PageView, Problem, Query, filters, list as read_list, parameters};
use crate::parameters;

/// The fields for filters and sorting.
pub const FIELDS: &[Field] = &[
    filters::name("name", "c.name"),
    filters::text(
        "registration_number",
        "c.registration_number",
        filters::MATCHING_OR_NULL,
    ),
    Field {
        name: "country",
        column: "c.country",
        kind: Kind::Country,
        operators: &[Operator::Eq, Operator::IsNull],
        sortable: false,
    },
    filters::moment("created_at", "c.created_at"),
    filters::moment("updated_at", "c.updated_at"),
    filters::moment("last_activity_at", "c.updated_at"),
];

/// Companies without their relations and custom properties.
pub const LISTING: Listing = Listing {
    table: "companies",
    base_condition: "true",
    row: "to_jsonb(c)",
    count_limit: None,
    identifier: "id",
};

/// The default order.
const ORDER: &str = "created_at";

parameters!(Parameters, parameters::list(FIELDS, ORDER));

/// Lists the companies of all cases of the workspace.
///
/// # Errors
/// Returns a problem with the status 400, or a [`crate::db::DatabaseError`] as `Problem::Database`.
#[utoipa::path(
    get,
    path = "/companies",
    operation_id = "list_companies",
    tag = "Companies",
    params(Parameters),
    responses((status = 200, description = "A page of companies.", body = PageView<CompanyRowView<'static>>)),
)]
pub async fn list(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let asked = query.list("companies", FIELDS, ORDER);
    query.finish()?;
    let listed = read_list(&database, deadline, &LISTING, caller.workspace_id, &asked).await?;
    let companies = PageView::new(listed, &asked, serde_json::from_value::<StoredCompany>)?;
    Ok(Json(companies.view(CompanyRowView::new)).into_response())
}
