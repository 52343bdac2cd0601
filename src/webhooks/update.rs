//! `PATCH /webhooks/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::request::{WebhookDraft, WebhookRequest, WebhookUpdateRequest};
use super::store;
use super::view::WebhookView;
use crate::http::{Id, JsonBody, NoQuery, Problem, ProblemType, WriteResponse};
use crate::parse_body;
use crate::state::AppState;
use crate::validation::Mode;
use crate::writes::Write;

/// Updates a webhook. Absent fields keep their value. After a change of `secret`, deliveries are also signed with the
/// previous secret for 24 hours. Deliveries that became due while the webhook was offline are sent once it is online.
///
/// # Errors
/// Returns 400, 401, 404 or a database error.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    operation_id = "update_webhook",
    tag = "Webhooks",
    params(Id),
    request_body(
        content = WebhookUpdateRequest,
        example = json!({"status": "offline"}),
    ),
    responses((status = 200, description = "The webhook.", body = WebhookView<'static>)),
)]
pub async fn update(
    State(state): State<AppState>,
    write: Write,
    Id(id): Id,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let destinations = state.destinations.clone();
    let request = parse_body!(
        write.compute,
        body.clone(),
        WebhookRequest<'_>,
        |request: WebhookRequest<'_>, scope| request.parse(Mode::Update, &destinations, scope)
    )?;
    let work = (write.workspace_id, id, request, write.now);
    let update = write.run(&body, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, request, now) = &*work;
            let found = store::find_locked(connection, *workspace_id, *id).await?;
            let mut webhook = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
            request.refuse(request.violations())?;
            let WebhookDraft {
                name,
                status,
                kind,
                url,
                events,
                secret,
            } = request.value.clone();
            webhook.name = name.unwrap_or(webhook.name);
            webhook.status = status.map_or(webhook.status, str::to_owned);
            webhook.kind = kind.map_or(webhook.kind, str::to_owned);
            webhook.url = url.unwrap_or(webhook.url);
            webhook.events = events.unwrap_or(webhook.events);
            if let Some(secret) = secret.filter(|it| *it != webhook.secret) {
                webhook.rotate(secret, *now);
            }
            webhook.updated_at = *now;
            store::save(connection, *workspace_id, &webhook).await?;
            Ok(WriteResponse::json(StatusCode::OK, &WebhookView::new(&webhook))?.into())
        })
    });
    update.await
}
