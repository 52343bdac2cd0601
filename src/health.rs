//! Whether the process runs, and whether it can serve.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::db::{Database, DatabaseError, Deadline, Session};
use crate::http::{Problem, ProblemType, Stopping};
use crate::state::AppState;

/// `GET /healthz` and `GET /readyz`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(async || Json(json!({"status": "ok"}))))
        .route("/readyz", get(ready))
}

/// Whether the database answers and has every migration of this server, and the server goes on.
async fn ready(
    State(database): State<Database>,
    State(stopping): State<Stopping>,
    deadline: Deadline,
) -> Result<Json<Value>, Problem> {
    if stopping.has_begun() {
        return Err(Problem::Plain(ProblemType::Stopping));
    }
    let applied = database.unit(deadline, applied).await;
    match applied {
        Ok(applied) if usize::try_from(applied).is_ok_and(|it| it >= Database::migrations()) => {
            Ok(Json(json!({"status": "ready"})))
        }
        // Too few migrations, or not even their table.
        Ok(_) | Err(DatabaseError::Refused(_)) => Err(Problem::Plain(ProblemType::NotMigrated)),
        Err(error) => Err(error.into()),
    }
}

async fn applied(mut session: Session) -> Result<i64, DatabaseError> {
    session
        .read(|connection| {
            Box::pin(
                sqlx::query_scalar!(
                    r#"SELECT count(*) AS "applied!" FROM _sqlx_migrations WHERE success"#
                )
                .fetch_one(connection),
            )
        })
        .await
}
