//! `POST /webhooks/{id}/rotate-secret`.

use axum::http::StatusCode;
use axum::response::Response;

use super::create::with_secret;
use super::view::WebhookView;
use super::{secret, store};
use crate::http::{Id, NoQuery, Problem, ProblemType, RawBody};
use crate::idempotency::IdempotencyKey;
use crate::writes::Write;

/// Replaces the secret with a generated one. Only this response shows it in full. For 24 hours deliveries are also
/// signed with the previous secret.
///
/// # Errors
/// Returns 401, 404 or a database error.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/rotate-secret",
    operation_id = "rotate_webhook_secret",
    tag = "Webhooks",
    params(Id, IdempotencyKey),
    responses(
        (
            status = 200,
            description = "The webhook, with its full new secret.",
            body = WebhookView<'static>,
        ),
    ),
)]
pub async fn rotate_secret(
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
            with_secret(&webhook, StatusCode::OK, |response| response)
        })
    });
    rotate.await
}
