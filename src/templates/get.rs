//! `GET /templates/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::{StoredTemplate, TemplateView, store};
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, ProblemType};

/// Reads a template, archived or not.
///
/// # Errors
/// Returns 401, 404 or a database error.
#[utoipa::path(
    get,
    path = "/templates/{id}",
    operation_id = "get_template",
    tag = "Templates",
    params(Id),
    responses((status = 200, description = "The template.", body = TemplateView<'static>)),
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
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let stored: StoredTemplate = serde_json::from_value(found).map_err(Problem::Decode)?;
    Ok(Json(TemplateView::new(&stored)).into_response())
}
