//! `GET /cases/{id}`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::view::CaseView;
use super::{Case, store};
use crate::auth::credentials;
use crate::db::Session;
use crate::http::{Problem, ProblemType};
use crate::state::AppState;

/// Reads a whole case, by its id or by its external id.
///
/// # Errors
/// 401, 404 and what the database can have.
pub async fn get(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = credentials(&headers).ok_or(Problem::Plain(ProblemType::Unauthorized))?;
    let found = state
        .database
        .unit(async move |mut session: Session| {
            let caller = crate::workspaces::caller(&mut session, key).await?;
            if id.contains('\0') {
                return Ok(None);
            }
            let uuid = Uuid::try_parse(&id).ok();
            let found = session
                .read(|connection| {
                    let id = id.clone();
                    Box::pin(async move {
                        store::find(connection, caller.workspace_id, uuid, &id).await
                    })
                })
                .await?;
            Ok::<_, Problem>(found)
        })
        .await?
        .ok_or(Problem::Plain(ProblemType::NotFound))?;
    let case: Case = serde_json::from_value(found).map_err(Problem::Corrupt)?;
    Ok(Json(CaseView::new(&case)).into_response())
}
