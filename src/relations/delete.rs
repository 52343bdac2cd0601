//! `DELETE /cases/{case}/relations/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::store;
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, ProblemType, with_etag};
use crate::values::now;
use crate::versions::{CaseReference, IfMatch, lock, touch};

/// Deletes a relation.
///
/// # Errors
/// 401, 404, 412 and what the database can have.
pub async fn delete(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    reference: CaseReference,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
) -> Result<Response, Problem> {
    let work = (caller.workspace_id, reference, id, if_match, now());
    let delete = database.transaction(deadline, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, reference, id, if_match, now) = &*work;
            let case = lock(connection, *workspace_id, reference, if_match).await?;
            if !store::delete(connection, *workspace_id, case.id, *id).await? {
                return Err(Problem::Plain(ProblemType::NotFound));
            }
            Ok(touch(connection, *workspace_id, case.id, *now).await?)
        })
    });
    Ok(with_etag(delete.await?, StatusCode::NO_CONTENT))
}
