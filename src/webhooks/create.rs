//! `POST /webhooks`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::model::Webhook;
use super::request::WebhookRequest;
use super::view::WebhookView;
use super::{secret, store};
use crate::http::{JsonBody, NoQuery, Prefix, Problem, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::state::AppState;
use crate::validation::{Code, Fault, Mode};
use crate::writes::{Outcome, Write};

/// The maximum number of webhooks in a workspace.
const MAX_WEBHOOKS: i64 = 50;
/// The name of a webhook if the request has none.
const DEFAULT_NAME: &str = "Webhook";

/// Creates a webhook. Without `secret` the server generates one. Only this response shows the secret in full.
///
/// # Errors
/// Returns 400, 401, 409 if the workspace has 50 webhooks, or a database error.
#[utoipa::path(
    post,
    path = "/webhooks",
    operation_id = "create_webhook",
    tag = "Webhooks",
    params(IdempotencyKey),
    request_body(
        content = WebhookRequest<'static>,
        example = json!(
            {"name": "Core banking", "url": "https://hooks.example.com/dossier",
                "events": ["Case.Created", "Case.Updated"]}
        ),
    ),
    responses(
        (
            status = 201,
            description = "The webhook, with its full secret.",
            body = WebhookView<'static>,
            headers(("Location")),
        ),
    ),
)]
pub async fn create(
    State(state): State<AppState>,
    write: Write,
    Prefix(prefix): Prefix,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let destinations = state.destinations.clone();
    let request = parse_body!(
        write.compute,
        body.clone(),
        WebhookRequest<'_>,
        |request: WebhookRequest<'_>, scope| request.parse(Mode::Create, &destinations, scope)
    )?;
    request.refuse(request.violations())?;
    let draft = request.value;
    let webhook = Webhook {
        id: write.ids.next(write.now),
        name: draft.name.unwrap_or_else(|| DEFAULT_NAME.to_owned()),
        status: draft.status.unwrap_or("online").to_owned(),
        kind: draft.kind.unwrap_or("user").to_owned(),
        url: draft.url.unwrap_or_default(),
        events: draft.events.unwrap_or_default(),
        secret: draft.secret.unwrap_or_else(secret::random),
        previous_secret: None,
        previous_secret_until: None,
        created_at: write.now,
        updated_at: write.now,
    };
    let work = (write.workspace_id, webhook);
    let create = write.run(&body, work, move |connection, work| {
        Box::pin(async move {
            let (workspace_id, webhook) = &*work;
            if store::count_locked(connection, *workspace_id).await? >= MAX_WEBHOOKS {
                let message =
                    format!("A workspace has at most {MAX_WEBHOOKS} webhooks. Delete one first.");
                return Err(Problem::conflict("", Fault::new(Code::TooMany, message)));
            }
            store::save(connection, *workspace_id, webhook).await?;
            with_secret(webhook, StatusCode::CREATED, |response| {
                response.with_location(format!("{prefix}/webhooks/{}", webhook.id))
            })
        })
    });
    create.await
}

/// A response with the full secret. The copy that is stored for the idempotency key has the masked secret.
pub fn with_secret(
    webhook: &Webhook,
    status: StatusCode,
    finish: impl Fn(WriteResponse) -> WriteResponse,
) -> Result<Outcome, Problem> {
    let response = finish(WriteResponse::json(
        status,
        &WebhookView::with_secret(webhook),
    )?);
    let stored = finish(WriteResponse::json(status, &WebhookView::new(webhook))?);
    Ok(Outcome::from(response).stored_response(stored))
}
