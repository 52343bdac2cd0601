//! `POST /cases`.

use axum::Json;
use axum::extract::{OriginalUri, Request, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::Utc;

use super::references::{self, Known, Lookups};
use super::view::CaseView;
use super::{Case, CaseDraft, request, store};
use crate::auth::{Caller, credentials};
use crate::db::Session;
use crate::http::{Problem, ProblemType, json_body};
use crate::state::AppState;

/// Creates a case with everything that belongs to it, or says everything that is wrong.
///
/// # Errors
/// Every problem that a create can have; after any of them nothing was stored, or it says so.
pub async fn create(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    request: Request,
) -> Result<Response, Problem> {
    let key = credentials(request.headers()).ok_or(Problem::Plain(ProblemType::Unauthorized))?;
    let caller = state
        .database
        .unit(async move |mut session: Session| crate::workspaces::caller(&mut session, key).await)
        .await?;
    let body = json_body(request).await?;
    let now = Utc::now();
    let draft = CaseDraft::parse(request::read(&body).map_err(Problem::Malformed)?, now);
    let ids = state.ids.clone();
    let case = state
        .database
        .unit(async move |mut session: Session| {
            let known = known(&mut session, &caller, Lookups::of(&draft)).await?;
            let case = draft.finish(known, &body, &ids, now)?;
            insert(&mut session, &caller, case).await
        })
        .await?;
    let prefix = if uri.path().starts_with("/v1/") {
        "/v1"
    } else {
        ""
    };
    let location = format!("{prefix}/cases/{}", case.id);
    Ok((
        StatusCode::CREATED,
        [(LOCATION, location)],
        Json(CaseView::new(&case)),
    )
        .into_response())
}

async fn known(session: &mut Session, caller: &Caller, lookups: Lookups) -> Result<Known, Problem> {
    let workspace_id = caller.workspace_id;
    let known = session
        .read(|connection| {
            let lookups = lookups.clone();
            Box::pin(async move { references::read(connection, workspace_id, &lookups).await })
        })
        .await?;
    serde_json::from_value(known).map_err(Problem::Corrupt)
}

async fn insert(session: &mut Session, caller: &Caller, case: Case) -> Result<Case, Problem> {
    let workspace_id = caller.workspace_id;
    let rows = serde_json::to_value(&case).map_err(Problem::Corrupt)?;
    let written = session
        .write(|connection| Box::pin(store::insert(connection, workspace_id, rows)))
        .await;
    let Err(error) = written else { return Ok(case) };
    // Another request took the external id between the read and the write.
    if error.constraint() == Some("cases_external_id_key") {
        let lookups = Lookups::taken(case.external_id);
        if let Some(case_id) = known(session, caller, lookups).await?.external_id_case {
            return Err(Problem::ExternalIdTaken { case_id });
        }
    }
    Err(error.into())
}
