//! `GET /users/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::{UserView, store};
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, ProblemType};

/// Reads a user.
///
/// # Errors
/// Returns 401, 404 or a database error.
#[utoipa::path(
    get,
    path = "/users/{id}",
    operation_id = "get_user",
    tag = "Users",
    params(Id),
    responses((status = 200, description = "The user.", body = UserView<'static>)),
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
    let user = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    Ok(Json(UserView::new(&user)).into_response())
}
