//! `GET /cases/{id}`.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::model::Case;
use super::store;
use super::view::CaseView;
use crate::auth::Caller;
use crate::db::{Database, DatabaseError, Deadline};
use crate::http::{Problem, ProblemType, Query, WriteResponse, parameters};
use crate::parameters;
use crate::versions::{CaseReference, IfNoneMatch};
use crate::writes::Compute;

parameters!(Parameters, {
    let about = "Whether to include companies and individuals that are not relevant.";
    let mut parameters = vec![parameters::flag("include_not_relevant", about)];
    parameters.extend(parameters::ignored());
    parameters
});

/// Returns a whole case, by its id or its external id.
///
/// # Errors
/// Returns 400, 401, 404 or a database error.
#[utoipa::path(
    get,
    path = "/cases/{case}",
    operation_id = "get_case",
    tag = "Cases",
    params(CaseReference, Parameters, IfNoneMatch),
    responses(
        (status = 200, description = "The whole case.", body = CaseView<'static>, headers(("ETag"))),
        (status = 304, description = "The client has the current response.", headers(("ETag"))),
    ),
)]
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    compute: Compute,
    reference: CaseReference,
    if_none_match: IfNoneMatch,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let with_not_relevant = query.flag("include_not_relevant");
    query.ignore(&parameters::IGNORED);
    query.finish()?;
    let input = (caller.workspace_id, reference);
    if !if_none_match.is_empty() {
        let version = unchanged(&database, deadline, input.clone()).await?;
        if let Some(version) = version.filter(|it| if_none_match.has(*it)) {
            let response = WriteResponse::empty(StatusCode::NOT_MODIFIED);
            return Ok(response.with_version(version).into_response());
        }
    }
    let found = database
        .read(deadline, input, |connection, input| {
            Box::pin(async move { store::find(connection, input.0, &input.1).await })
        })
        .await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let turn = compute.turn(found.len()).await?;
    let response = turn.run(|| response(&found, with_not_relevant))?;
    Ok(response.into_response())
}

async fn unchanged(
    database: &Database,
    deadline: Deadline,
    input: (Uuid, CaseReference),
) -> Result<Option<i64>, DatabaseError> {
    let read = database.read(deadline, input, |connection, input| {
        Box::pin(async move { store::find_unchanged(connection, input.0, &input.1).await })
    });
    read.await
}

fn response(found: &str, with_not_relevant: bool) -> Result<WriteResponse, Problem> {
    let case: Case = serde_json::from_str(found).map_err(Problem::Decode)?;
    let view = CaseView::new(&case, with_not_relevant);
    Ok(WriteResponse::json(StatusCode::OK, &view)?.with_version(case.header.version))
}
