//! `POST /webhooks/{id}/rotate-secret`.

use axum::http::StatusCode;
use axum::response::Response;

use super::create::told;
use super::view::WebhookView;
use super::{secret, store};
use crate::http::{Id, NoQuery, Problem, ProblemType, RawBody};
use crate::idempotency::IdempotencyKey;
use crate::writes::Write;

/// Makes another secret, which the answer shows whole. For a day deliveries are signed with the one
/// before too.
///
/// # Errors
/// 401, 404 and what the database can have.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/rotate-secret",
    operation_id = "rotate_webhook_secret",
    tag = "Webhooks",
    params(Id, IdempotencyKey),
    responses(
        (
            status = 200,
            description = "The webhook, with its whole new secret.",
            body = WebhookView<'static>,
        ),
    ),
)]
pub async fn rotate(
    write: Write,
    Id(id): Id,
    _: NoQuery,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    let work = (write.workspace_id, id, secret::random(), write.now);
    let rotate = write.run(&body, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, secret, now) = &*work;
            let found = store::find_locked(connection, *workspace_id, *id).await?;
            let mut webhook = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
            webhook.rotate(secret.clone(), *now);
            webhook.updated_at = *now;
            store::save(connection, *workspace_id, &webhook).await?;
            told(&webhook, StatusCode::OK, |response| response)
        })
    });
    rotate.await
}
