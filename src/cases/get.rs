//! `GET /cases/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::view::CaseView;
use super::{Case, store};
use crate::auth::Caller;
use crate::db::{Database, Deadline, Session};
use crate::http::{Problem, ProblemType, Segment};

/// Reads a whole case, by its id or by its external id.
///
/// # Errors
/// 401, 404 and what the database can have.
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    // No id can have it, and the database takes no text that does.
    if id.contains('\0') {
        return Err(Problem::Plain(ProblemType::NotFound));
    }
    let uuid = Uuid::try_parse(&id).ok();
    let find = async move |mut session: Session| {
        session
            .read(|connection| {
                let id = id.clone();
                Box::pin(
                    async move { store::find(connection, caller.workspace_id, uuid, &id).await },
                )
            })
            .await
    };
    let found = database.unit(deadline, find).await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let case: Case = serde_json::from_value(found).map_err(Problem::Corrupt)?;
    Ok(Json(CaseView::new(&case)).into_response())
}
