//! `DELETE /cases/{case}/relations/{id}`.

use axum::http::StatusCode;
use axum::response::Response;

use super::store;
use crate::http::{Id, NoQuery, Problem, ProblemType, WriteResponse};
use crate::versions::{CaseReference, IfMatch, lock, touch};
use crate::writes::{Outcome, Write};

/// Deletes a relation.
///
/// # Errors
/// Returns a problem with the status 404 or 412, or a [`crate::db::DatabaseError`] as `Problem::Database`.
#[utoipa::path(
    delete,
    path = "/cases/{case}/relations/{id}",
    operation_id = "delete_relation",
    tag = "Relations",
    params(CaseReference, Id, IfMatch),
    responses((status = 204, description = "The relation is deleted.", headers(("ETag")))),
)]
pub async fn delete(
    write: Write,
    reference: CaseReference,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
) -> Result<Response, Problem> {
    let work = (write.workspace_id, reference, id, if_match, write.now);
    let delete = write.run(&[], work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, reference, id, if_match, now) = &*work;
            let case = lock(connection, *workspace_id, reference, if_match).await?;
            let found = store::find(connection, *workspace_id, case.id, *id).await?;
            let relation = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
            store::delete(connection, *workspace_id, case.id, *id).await?;
            let version = touch(connection, *workspace_id, case.id, *now).await?;
            let response = WriteResponse::empty(StatusCode::NO_CONTENT).with_version(version);
            Ok(Outcome::from(response).change(relation.change(version)))
        })
    });
    delete.await
}
