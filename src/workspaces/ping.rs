//! `GET /ping`.

use axum::Json;
use serde::Serialize;

use crate::auth::Caller;
use crate::http::NoQuery;

/// Whose key it is.
#[derive(Debug, Serialize)]
pub struct PingView {
    workspace_name: String,
}

/// Says the name of the workspace that the key belongs to.
///
/// # Errors
/// 401, and what the database can have.
pub async fn ping(caller: Caller, _: NoQuery) -> Json<PingView> {
    Json(PingView {
        workspace_name: caller.workspace_name.to_string(),
    })
}
