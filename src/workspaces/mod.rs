//! Workspaces: the tenants, `GET /ping`, and the sandbox.

mod bootstrap;
mod sandbox;

pub use bootstrap::{bootstrap, create};
pub use sandbox::{FIXED_KEY, apply as apply_sandbox};

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::auth::{self, ApiKey, Caller, credentials};
use crate::db::Session;
use crate::http::{Problem, ProblemType};
use crate::state::AppState;

/// The operations on the caller's own workspace.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ping", get(ping))
}

/// `GET /ping`: the name of the workspace that the key belongs to.
///
/// # Errors
/// 401, and what the database can have.
async fn ping(State(state): State<AppState>, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    let key = credentials(&headers).ok_or(Problem::Plain(ProblemType::Unauthorized))?;
    let caller = state
        .database
        .unit(async move |mut session: Session| caller(&mut session, key).await)
        .await?;
    Ok(Json(json!({"workspace_name": caller.workspace_name})))
}

/// The caller that a key belongs to.
///
/// # Errors
/// 401, and what the database can have.
pub async fn caller(session: &mut Session, key: ApiKey) -> Result<Caller, Problem> {
    let key = Arc::new(key);
    session
        .read(|connection| {
            let key = Arc::clone(&key);
            Box::pin(async move { auth::find(connection, &key).await })
        })
        .await?
        .ok_or(Problem::Plain(ProblemType::Unauthorized))
}
