//! Reading a part of a case.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::part::{CasePart, read};
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Problem, ProblemType, Query, parameters};

/// Reads a part for its response.
///
/// # Errors
/// Returns a problem with the status 400 for an unknown query parameter and 404 if the workspace has no such part, and a
/// [`crate::db::DatabaseError`] as `Problem::Database`.
pub async fn get<P: CasePart>(
    database: &Database,
    caller: &Caller,
    deadline: Deadline,
    id: Uuid,
    query: Option<&str>,
) -> Result<Response, Problem> {
    let mut query = Query::new(query);
    query.ignore(&parameters::IGNORED);
    query.finish()?;
    let key = (caller.workspace_id, id);
    let found = database.read(deadline, key, |connection, key| {
        Box::pin(P::find(connection, key.0, key.1))
    });
    let found = found.await?.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let part: P = serde_json::from_value(found).map_err(Problem::Decode)?;
    Ok(part.response(StatusCode::OK)?.into_response())
}

/// Reads a part inside a transaction, as an event shows it.
///
/// # Errors
/// Returns the problems of [`read`].
pub async fn snapshot<P: CasePart>(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Value, Problem> {
    let part: P = read(connection, workspace_id, id).await?;
    let body = part.response(StatusCode::OK)?.body;
    serde_json::from_slice(&body).map_err(Problem::Decode)
}
