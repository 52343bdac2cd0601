//! `DELETE /webhooks/{id}`.

use axum::http::StatusCode;
use axum::response::Response;

use super::{retention, store};
use crate::http::{Id, NoQuery, Problem, ProblemType, WriteResponse};
use crate::writes::Write;

/// Deletes a webhook. The logs of its deliveries stay for their time; those that are pending become `failed`.
///
/// # Errors
/// 401, 404 and what the database can have.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    operation_id = "delete_webhook",
    tag = "Webhooks",
    params(Id),
    responses((status = 204, description = "It is deleted, with its deliveries.")),
)]
pub async fn delete(write: Write, Id(id): Id, _: NoQuery) -> Result<Response, Problem> {
    let work = (write.workspace_id, id, write.now);
    let delete = write.run(&[], work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, now) = *work;
            let found = store::find(connection, workspace_id, id).await?;
            found.ok_or(Problem::Plain(ProblemType::NotFound))?;
            // Deliveries before their webhook, as a worker locks them. Of more than a few hundred the rest is left
            // to the workers, so that a deletion takes no longer.
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
