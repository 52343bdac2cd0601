//! Whether the process runs, and whether it can serve.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::db::{Database, Session};
use crate::http::{Problem, ProblemType};
use crate::state::AppState;

/// `GET /healthz` and `GET /readyz`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(async || Json(json!({"status": "ok"}))))
        .route("/readyz", get(ready))
}

/// Whether the database answers and has every migration of this server.
async fn ready(State(state): State<AppState>) -> Result<Json<Value>, Problem> {
    let applied = state
        .database
        .unit(async move |mut session: Session| {
            session
                .read(|connection| {
                    Box::pin(async move {
                        sqlx::query_scalar!(
                            r#"SELECT count(*) AS "applied!" FROM _sqlx_migrations WHERE success"#
                        )
                        .fetch_one(connection)
                        .await
                    })
                })
                .await
                .map_err(Problem::from)
        })
        .await?;
    if usize::try_from(applied).is_ok_and(|applied| applied >= Database::migrations()) {
        Ok(Json(json!({"status": "ready"})))
    } else {
        Err(Problem::Plain(ProblemType::Unavailable))
    }
}
