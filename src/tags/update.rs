//! `PATCH /tags/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::request::TagRequest;
use super::{TagView, store};
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, JsonBody, NoQuery, Problem, ProblemType};
use crate::parse_body;
use crate::writes::Compute;

/// Changes the label of a tag, for every case that has it.
///
/// # Errors
/// Returns 400, 401, 404, 409 or a database error.
#[utoipa::path(
    patch,
    path = "/tags/{id}",
    operation_id = "update_tag",
    tag = "Tags",
    params(Id),
    request_body(
        content = TagRequest<'static>,
        example = json!({"label": "High risk"}),
    ),
    responses((status = 200, description = "The tag.", body = TagView<'static>)),
)]
pub async fn update(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    compute: Compute,
    Id(id): Id,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parse_body!(compute, body, TagRequest<'_>, TagRequest::parse)?;
    let work = (caller.workspace_id, id, request);
    let update = database.transaction(deadline, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, request) = &*work;
            let not_found = || Problem::Plain(ProblemType::NotFound);
            let found = store::find(connection, *workspace_id, *id).await?;
            found.ok_or_else(not_found)?;
            request.refuse(request.violations())?;
            let Some(label) = &request.value else {
                return Err(Problem::Plain(ProblemType::InternalError));
            };
            store::check_label(connection, *workspace_id, *id, label).await?;
            let renamed = store::rename(connection, *workspace_id, *id, label).await?;
            renamed.ok_or_else(not_found)
        })
    });
    Ok(Json(TagView::new(&update.await?)).into_response())
}
