//! `DELETE /webhooks/{id}`.

use axum::http::StatusCode;
use axum::response::Response;

use super::store;
use crate::http::{Answer, Id, NoQuery, Problem, ProblemType};
use crate::writes::Write;

/// Deletes a webhook. The logs of its deliveries stay for their time.
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
            if store::delete(connection, work.0, work.1, work.2).await? {
                Ok(Answer::empty(StatusCode::NO_CONTENT).into())
            } else {
                Err(Problem::Plain(ProblemType::NotFound))
            }
        })
    });
    delete.await
}
