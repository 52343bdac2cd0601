//! `GET /templates/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::{StoredTemplate, TemplateView, store};
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, ProblemType};

/// Reads a template, an archived one too.
///
/// # Errors
/// 401, 404 and what the database can have.
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
    let asked = (caller.workspace_id, id);
    let found = database
        .read(deadline, asked, |connection, asked| {
            Box::pin(store::find(connection, asked.0, asked.1))
        })
        .await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let stored: StoredTemplate = serde_json::from_value(found).map_err(Problem::Decode)?;
    Ok(Json(TemplateView::new(&stored)).into_response())
}
