//! `DELETE /tags/{id}`.

use axum::extract::State;
use axum::http::StatusCode;

use super::store;
use crate::auth::Caller;
use crate::clock::now;
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, ProblemType};

/// Deletes a tag, and removes it from its cases, whose versions change.
///
/// # Errors
/// Returns 401, 404 or a database error.
#[utoipa::path(
    delete,
    path = "/tags/{id}",
    operation_id = "delete_tag",
    tag = "Tags",
    params(Id),
    responses((status = 204, description = "The tag is deleted and removed from its cases.")),
)]
pub async fn delete(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    _: NoQuery,
) -> Result<StatusCode, Problem> {
    let work = (caller.workspace_id, id, now());
    let delete = database.transaction(deadline, work, |connection, work| {
        Box::pin(async move { Ok(store::delete(connection, work.0, work.1, work.2).await?) })
    });
    let deleted: Result<bool, Problem> = delete.await;
    if deleted? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::Plain(ProblemType::NotFound))
    }
}
