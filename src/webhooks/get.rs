//! `GET /webhooks/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::store;
use super::view::WebhookView;
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, ProblemType};

/// Returns a webhook.
///
/// # Errors
/// Returns 401, 404 or a database error.
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    operation_id = "get_webhook",
    tag = "Webhooks",
    params(Id),
    responses((status = 200, description = "The webhook.", body = WebhookView<'static>)),
)]
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    _: NoQuery,
) -> Result<Response, Problem> {
    let key = (caller.workspace_id, id);
    let found = database
        .read(deadline, key, |connection, key| {
            Box::pin(store::find(connection, key.0, key.1))
        })
        .await?;
    let webhook = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    Ok(Json(WebhookView::new(&webhook)).into_response())
}
