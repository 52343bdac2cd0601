//! `DELETE /cases/{id}`.

use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::store;
use crate::events::{Change, Event, Subject, erase};
use crate::http::{Problem, Query, WriteResponse, parameters};
use crate::idempotency;
use crate::parameters;
use crate::versions::{CaseReference, IfMatch, lock};
use crate::writes::{Outcome, Write};

parameters!(Parameters, {
    let about = "Accepted for compatibility. A deletion is always permanent.";
    vec![parameters::flag("permanent", about)]
});

/// Deletes a case with its companies, individuals and relations, and its data in stored responses and events. Its
/// activities remain.
///
/// # Errors
/// Returns 400, 401, 404, 412 or a database error.
#[utoipa::path(
    delete,
    path = "/cases/{case}",
    operation_id = "delete_case",
    tag = "Cases",
    params(CaseReference, IfMatch, Parameters),
    responses((status = 204, description = "The case was deleted.")),
)]
pub async fn delete(
    write: Write,
    reference: CaseReference,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    // Every deletion is permanent.
    query.ignore(&["permanent"]);
    query.finish()?;
    let work = (write.workspace_id, reference, if_match);
    let delete = write.run(&[], work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, reference, if_match) = &*work;
            let locked = lock(connection, *workspace_id, reference, if_match).await?;
            let (id, version) = (locked.id, locked.version + 1);
            let case = store::header(connection, *workspace_id, id).await?;
            store::delete(connection, *workspace_id, id).await?;
            // An attempt in progress locks its delivery: this waits until its response is stored, and erases it too.
            erase(connection, *workspace_id, id).await?;
            idempotency::erase_responses(connection, *workspace_id, id).await?;
            // Only the ids remain. The name is personal data; an empty one lets typed clients decode the event.
            let tombstone = json!({"id": id, "name": "", "external_id": case.external_id});
            let change = Change::new(id, Subject::Case, version, "api__deleted__case")
                .with_event(Event::CASE_DELETED)
                .with_tombstone(tombstone);
            Ok(Outcome::from(WriteResponse::empty(StatusCode::NO_CONTENT)).change(change))
        })
    });
    delete.await
}
