//! `GET /individuals/{id}`.

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::part::FoundIndividual;
use super::view::IndividualView;
use crate::auth::Caller;
use crate::case_parts;
use crate::db::{Database, Deadline};
use crate::http::parameters::Ignored;
use crate::http::{Id, Problem};

/// Returns an individual with the relations that it holds.
///
/// # Errors
/// Returns the problems of [`case_parts::get`].
#[utoipa::path(
    get,
    path = "/individuals/{id}",
    operation_id = "get_individual",
    tag = "Individuals",
    params(Id, Ignored),
    responses((status = 200, description = "The individual.", body = IndividualView<'static>, headers(("ETag")))),
)]
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    case_parts::get::<FoundIndividual>(&database, &caller, deadline, id, query.as_deref()).await
}
