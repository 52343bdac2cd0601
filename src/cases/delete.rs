//! `DELETE /cases/{id}`.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;

use super::store;
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Problem, Query};
use crate::versions::{CaseReference, IfMatch, lock};

/// Deletes a case with everything that belongs to it.
///
/// # Errors
/// 400, 401, 404, 412 and what the database can have.
pub async fn delete(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    reference: CaseReference,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, Problem> {
    let mut query = Query::new(query.as_deref());
    // Nothing is kept of a deleted case, so that every deletion is permanent.
    query.ignore(&["permanent"]);
    query.finish()?;
    let work = (caller.workspace_id, reference, if_match);
    let delete = database.transaction(deadline, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, reference, if_match) = &*work;
            let locked = lock(connection, *workspace_id, reference, if_match).await?;
            store::delete(connection, *workspace_id, locked.id).await?;
            Ok::<_, Problem>(())
        })
    });
    delete.await?;
    Ok(StatusCode::NO_CONTENT)
}
