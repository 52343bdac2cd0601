//! Workspaces: the tenants, `GET /ping`, and the sandbox.

mod bootstrap;
mod sandbox;

pub use bootstrap::{bootstrap, create};
pub use sandbox::{FIXED_KEY, apply as apply_sandbox};

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::state::AppState;

/// The operations on the caller's own workspace.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ping", get(ping))
}

/// `GET /ping`: the name of the workspace that the key belongs to.
async fn ping(caller: Caller) -> Json<Value> {
    Json(json!({"workspace_name": &*caller.workspace_name}))
}
