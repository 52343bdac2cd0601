//! `DELETE /webhooks/{id}`.

use axum::http::StatusCode;
use axum::response::Response;

use super::{retention, store};
use crate::http::{Id, NoQuery, Problem, ProblemType, WriteResponse};
use crate::writes::Write;

/// Deletes a webhook. Its pending deliveries become `failed`. The logs of its deliveries remain until they expire.
///
/// # Errors
/// Returns 401, 404 or a database error.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    operation_id = "delete_webhook",
    tag = "Webhooks",
    params(Id),
    responses((status = 204, description = "The webhook is deleted.")),
)]
pub async fn delete(write: Write, Id(id): Id, _: NoQuery) -> Result<Response, Problem> {
    let work = (write.workspace_id, id, write.now);
    let delete = write.run(&[], work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, now) = *work;
            let found = store::find(connection, workspace_id, id).await?;
            found.ok_or(Problem::Plain(ProblemType::NotFound))?;
            // Deliveries first: the delivery worker locks them in the same order. This ends up to 500 of them; a worker
            // ends the rest.
            retention::end_pending(connection, workspace_id, id, now).await?;
            if store::delete(connection, workspace_id, id, now).await? {
                Ok(WriteResponse::empty(StatusCode::NO_CONTENT).into())
            } else {
                Err(Problem::Plain(ProblemType::NotFound))
            }
        })
    });
    delete.await
}
