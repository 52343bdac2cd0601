//! `DELETE /companies/{id}`.

use axum::response::Response;

use super::part::FoundCompany;
use crate::case_parts;
use crate::http::{Id, NoQuery, Problem};
use crate::versions::IfMatch;
use crate::writes::Write;

/// Deletes a company with the relations that it holds and those that are held in it.
///
/// # Errors
/// Returns the problems of [`case_parts::delete`].
#[utoipa::path(
    delete,
    path = "/companies/{id}",
    operation_id = "delete_company",
    tag = "Companies",
    params(Id, IfMatch),
    responses((status = 204, description = "The company is deleted.", headers(("ETag")))),
)]
pub async fn delete(
    write: Write,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
) -> Result<Response, Problem> {
    case_parts::delete::<FoundCompany>(write, id, if_match).await
}
