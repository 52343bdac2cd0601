//! `DELETE /individuals/{id}`.

use axum::response::Response;

use super::part::FoundIndividual;
use crate::case_parts;
use crate::http::{Id, NoQuery, Problem};
use crate::versions::IfMatch;
use crate::writes::Write;

/// Deletes an individual with the relations that it holds.
///
/// # Errors
/// Returns the problems of [`case_parts::delete`].
#[utoipa::path(
    delete,
    path = "/individuals/{id}",
    operation_id = "delete_individual",
    tag = "Individuals",
    params(Id, IfMatch),
    responses((status = 204, description = "The individual is deleted.", headers(("ETag")))),
)]
pub async fn delete(
    write: Write,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
) -> Result<Response, Problem> {
    case_parts::delete::<FoundIndividual>(write, id, if_match).await
}
