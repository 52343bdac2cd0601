//! `POST /tags`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};

use super::request::TagRequest;
use super::{Tag, TagView, store};
use crate::auth::Caller;
use crate::db::Deadline;
use crate::http::{JsonBody, NoQuery, Prefix, Problem, ProblemType};
use crate::parsed;
use crate::state::AppState;
use crate::validation::{Code, Fault};
use crate::values::now;

/// The most tags of a workspace.
const TAGS: i64 = 200;

/// Adds a tag to the workspace.
///
/// # Errors
/// 400, 401, 409 and what the database can have.
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    deadline: Deadline,
    Prefix(prefix): Prefix,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parsed!(body, TagRequest<'_>, TagRequest::parse)?;
    request.refuse(request.violations())?;
    let now = now();
    let work = (caller.workspace_id, state.ids.next(now), request, now);
    let create = state
        .database
        .transaction(deadline, work, |connection, work| {
            Box::pin(async move {
                let (workspace_id, id, request, now) = &*work;
                let Some(label) = &request.value else {
                    return Err(Problem::Plain(ProblemType::InternalError));
                };
                if store::count_locked(connection, *workspace_id).await? >= TAGS {
                    let message = format!("A workspace has at most {TAGS} tags. Delete one first.");
                    return Err(Problem::conflict("", Fault::new(Code::TooMany, message)));
                }
                store::check_label(connection, *workspace_id, *id, label).await?;
                store::insert(connection, *workspace_id, *id, label, *now).await?;
                Ok(Tag {
                    id: *id,
                    label: label.as_str().to_owned(),
                    created_at: *now,
                })
            })
        });
    let tag = create.await?;
    let location = [(LOCATION, format!("{prefix}/tags/{}", tag.id))];
    Ok((StatusCode::CREATED, location, Json(TagView::new(&tag))).into_response())
}
