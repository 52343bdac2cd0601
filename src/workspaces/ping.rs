//! `GET /ping`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::http::NoQuery;

/// Whose key it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PingView {
    /// The name of the workspace that the key belongs to.
    workspace_name: String,
}

/// Says the name of the workspace that the key belongs to.
///
/// # Errors
/// 401, and what the database can have.
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
