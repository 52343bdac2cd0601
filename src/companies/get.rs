//! `GET /companies/{id}`.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::CompanyView;
use super::create::response;
use super::store::{self, FoundCompany};
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::parameters::Ignored;
use crate::http::{Id, Problem, ProblemType, Query, parameters};

/// Reads a company with the relations that it holds.
///
/// # Errors
/// 400, 401, 404 and what the database can have.
#[utoipa::path(
    get,
    path = "/companies/{id}",
    operation_id = "get_company",
    tag = "Companies",
    params(Id, Ignored),
    responses((status = 200, description = "The company.", body = CompanyView<'static>, headers(("ETag")))),
)]
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    query.ignore(&parameters::IGNORED);
    query.finish()?;
    let asked = (caller.workspace_id, id);
    let found = database
        .read(deadline, asked, |connection, asked| {
            Box::pin(store::find(connection, asked.0, asked.1))
        })
        .await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let found: FoundCompany = serde_json::from_value(found).map_err(Problem::Decode)?;
    Ok(response(StatusCode::OK, &found)?.into_response())
}

/// The same company inside a transaction, as an event shows it.
///
/// # Errors
/// 404 and those of the database.
pub async fn snapshot(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Value, Problem> {
    let found = store::read(connection, workspace_id, id).await?;
    let shown = response(StatusCode::OK, &found)?.body;
    serde_json::from_slice(&shown).map_err(Problem::Decode)
}
