//! `DELETE /individuals/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::store;
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, with_etag};
use crate::values::now;
use crate::versions::{CaseReference, IfMatch, lock, touch};

/// Deletes an individual; the relations that it holds go too.
///
/// # Errors
/// 401, 404, 412 and what the database can have.
pub async fn delete(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
) -> Result<Response, Problem> {
    let work = (caller.workspace_id, id, if_match, now());
    let delete = database.transaction(deadline, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, if_match, now) = &*work;
            let case_id = store::case_of(connection, *workspace_id, *id).await?;
            let reference = CaseReference::by_id(case_id);
            lock(connection, *workspace_id, &reference, if_match).await?;
            // It may have gone while this waited for the lock.
            store::case_of(connection, *workspace_id, *id).await?;
            store::delete(connection, *workspace_id, case_id, *id).await?;
            Ok::<_, Problem>(touch(connection, *workspace_id, case_id, *now).await?)
        })
    });
    Ok(with_etag(delete.await?, StatusCode::NO_CONTENT))
}
