//! `GET /webhooks/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::store;
use super::view::WebhookView;
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, NoQuery, Problem, ProblemType};

/// Reads a webhook.
///
/// # Errors
/// 401, 404 and what the database can have.
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
    let asked = (caller.workspace_id, id);
    let found = database
        .read(deadline, asked, |connection, asked| {
            Box::pin(store::find(connection, asked.0, asked.1))
        })
        .await?;
    let webhook = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    Ok(Json(WebhookView::new(&webhook)).into_response())
}
