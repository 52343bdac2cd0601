//! `DELETE /individuals/{id}`.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::create::change;
use super::store;
use crate::events::Event;
use crate::http::{Id, NoQuery, Problem, WriteResponse};
use crate::versions::{CaseReference, IfMatch, lock, touch};
use crate::writes::{Outcome, Write};

/// Deletes an individual; the relations that it holds go too.
///
/// # Errors
/// 401, 404, 412 and what the database can have.
#[utoipa::path(
    delete,
    path = "/individuals/{id}",
    operation_id = "delete_individual",
    tag = "Individuals",
    params(Id, IfMatch),
    responses(
        (
            status = 204,
            description = "It is deleted, with the relations that it holds.",
            headers(("ETag")),
        ),
    ),
)]
pub async fn delete(
    write: Write,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
) -> Result<Response, Problem> {
    let work = (write.workspace_id, id, if_match, write.now);
    let delete = write.run(&[], work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, if_match, now) = &*work;
            let case_id = store::case_of(connection, *workspace_id, *id).await?;
            let reference = CaseReference::by_id(case_id);
            lock(connection, *workspace_id, &reference, if_match).await?;
            // It may have gone while this waited for the lock.
            let mut found = store::read(connection, *workspace_id, *id).await?;
            store::delete(connection, *workspace_id, case_id, *id).await?;
            found.version = touch(connection, *workspace_id, case_id, *now).await?;
            let individual = &found.individual.individual;
            let remains = json!({"id": id, "case_id": case_id, "first_name": individual.first_name,
                "last_name": individual.last_name});
            let change = change(&found, "api__deleted__individual")
                .with_event(Event::INDIVIDUAL_DELETED)
                .with_tombstone(remains);
            let response = WriteResponse::empty(StatusCode::NO_CONTENT).with_version(found.version);
            Ok::<_, Problem>(Outcome::from(response).change(change))
        })
    });
    delete.await
}
