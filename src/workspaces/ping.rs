//! `GET /ping`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::http::NoQuery;

/// The workspace of the API key.
#[derive(Debug, Serialize, ToSchema)]
pub struct PingView {
    /// The name of the workspace.
    workspace_name: String,
}

/// Returns the name of the workspace of the API key.
#[utoipa::path(
    get,
    path = "/ping",
    operation_id = "ping",
    tag = "Workspace",
    responses((status = 200, description = "The name of the workspace.", body = PingView)),
)]
pub async fn ping(caller: Caller, _: NoQuery) -> Json<PingView> {
    Json(PingView {
        workspace_name: caller.workspace_name.to_string(),
    })
}
