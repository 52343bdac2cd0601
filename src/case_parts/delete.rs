//! Deleting a part of a case.

use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::part::{CasePart, lock_case_of, read};
use crate::http::{Problem, WriteResponse};
use crate::versions::{IfMatch, touch};
use crate::writes::{Outcome, Write};

/// Deletes a part with its relations.
///
/// # Errors
/// Returns the problems of [`lock_case_of`] and of [`Write::run`].
pub async fn delete<P: CasePart>(
    write: Write,
    id: Uuid,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let input = (write.workspace_id, id, if_match, write.now);
    let delete = write.run(&[], input, |connection, input| {
        Box::pin(async move {
            let (workspace_id, id, if_match, now) = &*input;
            let case = lock_case_of::<P>(connection, *workspace_id, *id, if_match).await?;
            let mut part: P = read(connection, *workspace_id, *id).await?;
            part.delete(connection, *workspace_id).await?;
            part.set_version(touch(connection, *workspace_id, case.id, *now).await?);
            let (activity, event) = P::DELETED;
            let change = part.change(activity).with_event(event);
            let response =
                WriteResponse::empty(StatusCode::NO_CONTENT).with_version(part.version());
            Ok::<_, Problem>(
                Outcome::from(response).change(change.with_tombstone(part.tombstone())),
            )
        })
    });
    delete.await
}
