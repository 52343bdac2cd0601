//! `POST /cases`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::Response;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::references::{self, Lookups};
use super::view::CaseView;
use super::{Case, CaseDraft, store};
use crate::auth::Caller;
use crate::db::{DatabaseError, Deadline, Session};
use crate::http::{JsonBody, NoQuery, Prefix, Problem, with_etag};
use crate::state::AppState;
use crate::validation;
use crate::values::{IdSource, now};

/// How often a create starts again because something that it refers to changed between its read
/// and its write.
const ATTEMPTS: usize = 3;

/// Creates a case with everything that belongs to it, or says everything that is wrong.
///
/// # Errors
/// Every problem that a create can have; after any of them nothing was stored, or it says so.
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    deadline: Deadline,
    Prefix(prefix): Prefix,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let now = now();
    let draft = parse(&body, now)?;
    let ids = state.ids.clone();
    let create = async move |session: Session| {
        store_new(session, caller.workspace_id, draft, &body, &ids, now).await
    };
    let case = state.database.unit(deadline, create).await?;
    let location = [(LOCATION, format!("{prefix}/cases/{}", case.header.id))];
    let view = Json(CaseView::new(&case, true));
    let answer = (StatusCode::CREATED, location, view);
    Ok(with_etag(case.header.version, answer))
}

fn parse(body: &[u8], now: DateTime<Utc>) -> Result<CaseDraft, Problem> {
    let sent = validation::read(body).map_err(Problem::Malformed)?;
    Ok(CaseDraft::parse(sent, now))
}

/// One read of all references and one write of all rows, unless what was read is gone by the write:
/// then another read says what is wrong now.
async fn store_new(
    mut session: Session,
    workspace_id: Uuid,
    mut draft: CaseDraft,
    body: &[u8],
    ids: &IdSource,
    now: DateTime<Utc>,
) -> Result<Case, Problem> {
    let mut more = 1..ATTEMPTS;
    loop {
        let known = references::read(&mut session, workspace_id, Lookups::of(&draft)).await?;
        let case = draft.finish(known, body, ids, now)?;
        let rows = serde_json::to_value(&case).map_err(Problem::Corrupt)?;
        let written = session
            .write(|connection| Box::pin(store::insert(connection, workspace_id, rows)))
            .await;
        match written {
            Ok(()) => return Ok(case),
            Err(error) if is_overtaken(&error) && more.next().is_some() => {
                draft = parse(body, now)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_overtaken(error: &DatabaseError) -> bool {
    error.constraint().is_some_and(store::is_overtaken)
}
