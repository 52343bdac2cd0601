//! `GET /tags/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::{TagView, store};
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, ProblemType};

/// Reads a tag.
///
/// # Errors
/// Returns 401, 404 or a database error.
#[utoipa::path(
    get,
    path = "/tags/{id}",
    operation_id = "get_tag",
    tag = "Tags",
    params(Id),
    responses((status = 200, description = "The tag.", body = TagView<'static>)),
)]
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    _: NoQuery,
) -> Result<Response, Problem> {
    let ids = (caller.workspace_id, id);
    let found = database
        .read(deadline, ids, |connection, ids| {
            Box::pin(store::find(connection, ids.0, ids.1))
        })
        .await?;
    let tag = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    Ok(Json(TagView::new(&tag)).into_response())
}
