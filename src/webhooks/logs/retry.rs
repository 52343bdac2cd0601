//! `POST /webhook-logs/{id}/retry`.

use axum::http::StatusCode;
use axum::response::Response;

use super::get::find;
use super::view::{WebhookLog, WebhookLogView};
use crate::http::{Id, NoQuery, Problem, ProblemType, RawBody, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::validation::{Code, Fault};
use crate::webhooks::delivery;
use crate::writes::{Outcome, Write};

/// Sends a delivery again, in any state. It is sent once its webhook is online.
///
/// # Errors
/// Returns 401, 404, 409 if the case or the webhook was deleted, or a database error.
#[utoipa::path(
    post,
    path = "/webhook-logs/{id}/retry",
    operation_id = "retry_webhook_log",
    tag = "Webhooks",
    params(Id, IdempotencyKey),
    responses(
        (status = 202, description = "The delivery, which is due now.", body = WebhookLogView<'static>),
    ),
)]
pub async fn retry(
    write: Write,
    Id(id): Id,
    _: NoQuery,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    let work = (write.workspace_id, id, write.now);
    write.recorder.expect_deliveries();
    let retry = write.run(&body, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, now) = *work;
            let is_due = delivery::store::make_due(connection, workspace_id, id, now).await?;
            let found = find(connection, workspace_id, id).await?;
            let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
            let log: WebhookLog = serde_json::from_value(found).map_err(Problem::Decode)?;
            if !is_due {
                return Err(Problem::conflict("", refusal(&log)));
            }
            let view = WebhookLogView::new(&log);
            let response = WriteResponse::json(StatusCode::ACCEPTED, &view)?;
            Ok(Outcome::from(response).subject(log.case_id()))
        })
    });
    retry.await
}

/// Why a delivery cannot be sent again.
fn refusal(log: &WebhookLog) -> Fault {
    if log.is_erased() {
        let message = "The case of this delivery was deleted, and its payload was erased.";
        return Fault::new(Code::Erased, message);
    }
    let message = "The webhook of this delivery was deleted. To send the event again, create a webhook and replay the \
                   time range of the event (POST /webhooks/{id}/replay).";
    Fault::new(Code::WebhookDeleted, message)
}
