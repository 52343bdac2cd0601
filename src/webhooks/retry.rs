//! `POST /webhook-logs/{id}/retry`.

use axum::http::StatusCode;
use axum::response::Response;

use super::log_view::{WebhookLog, WebhookLogView};
use super::{delivery_store, log};
use crate::http::{Id, NoQuery, Problem, ProblemType, RawBody, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::validation::{Code, Fault};
use crate::writes::{Outcome, Write};

/// Makes a delivery again, as soon as its endpoint is online: whatever became of it before.
///
/// # Errors
/// 401, 404, 409 once its case or its webhook was deleted, and what the database can have.
#[utoipa::path(
    post,
    path = "/webhook-logs/{id}/retry",
    operation_id = "retry_webhook_log",
    tag = "Webhooks",
    params(Id, IdempotencyKey),
    responses(
        (status = 202, description = "The delivery, due now.", body = WebhookLogView<'static>),
    ),
)]
pub async fn retry(
    write: Write,
    Id(id): Id,
    _: NoQuery,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    let work = (write.workspace_id, id, write.now);
    write.events.leave();
    let retry = write.run(&body, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, now) = *work;
            let renewed = delivery_store::renew(connection, workspace_id, id, now).await?;
            let found = log::find(connection, workspace_id, id).await?;
            let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
            let log: WebhookLog = serde_json::from_value(found).map_err(Problem::Decode)?;
            if !renewed {
                return Err(Problem::conflict("", why_not(&log)));
            }
            let view = WebhookLogView::new(&log);
            let response = WriteResponse::json(StatusCode::ACCEPTED, &view)?;
            Ok(Outcome::from(response).subject(log.case_id()))
        })
    });
    retry.await
}

/// Why a delivery cannot be made again.
fn why_not(log: &WebhookLog) -> Fault {
    if log.is_erased() {
        let message = "The case was deleted, and what this delivery showed with it.";
        return Fault::new(Code::Erased, message);
    }
    let message = "The webhook of this delivery was deleted. To send the event again, create a webhook and replay the \
                   time of the event (POST /webhooks/{id}/replay).";
    Fault::new(Code::WebhookDeleted, message)
}
