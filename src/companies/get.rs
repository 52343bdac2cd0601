//! `GET /companies/{id}`.

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::part::FoundCompany;
use super::view::CompanyView;
use crate::auth::Caller;
use crate::case_parts;
use crate::db::{Database, Deadline};
use crate::http::parameters::Ignored;
use crate::http::{Id, Problem};

/// Returns a company with the relations that it holds.
///
/// # Errors
/// Returns the problems of [`case_parts::get`].
#[utoipa::path(
    get,
    path = "/companies/{id}",
    operation_id = "get_company",
    tag = "Companies",
    params(Id, Ignored),
    responses((status = 200, description = "The company.", body = CompanyView<'static>, headers(("ETag")))),
)]
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    case_parts::get::<FoundCompany>(&database, &caller, deadline, id, query.as_deref()).await
}
