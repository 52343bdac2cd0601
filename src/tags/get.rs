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
/// 401, 404 and what the database can have.
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
    let asked = (caller.workspace_id, id);
    let found = database
        .read(deadline, asked, |connection, asked| {
            Box::pin(store::find(connection, asked.0, asked.1))
        })
        .await?;
    let tag = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    Ok(Json(TagView::new(&tag)).into_response())
}
