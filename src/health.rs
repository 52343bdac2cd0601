//! Liveness and readiness.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::db::{Database, DatabaseError, Deadline, Session};
use crate::http::{Problem, ProblemType, Stopping};
use crate::state::AppState;

/// `GET /healthz` and `GET /readyz`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(alive))
        .routes(routes!(ready))
}

/// The health of the server.
#[derive(Debug, Serialize, ToSchema)]
struct HealthView {
    /// `ok` if the process runs, `ready` if the server can serve requests.
    status: &'static str,
}

/// Checks that the process runs.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    tag = "Health",
    security(()),
    responses((status = 200, description = "The process runs.", body = HealthView)),
)]
async fn alive() -> Json<HealthView> {
    Json(HealthView { status: "ok" })
}

/// Checks that the server can serve requests: the database responds, accepts writes and has every migration, and the
/// server is not stopping.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    tag = "Health",
    security(()),
    responses((status = 200, description = "The server can serve requests.", body = HealthView)),
)]
async fn ready(
    State(database): State<Database>,
    State(stopping): State<Stopping>,
    deadline: Deadline,
) -> Result<Json<HealthView>, Problem> {
    if stopping.has_begun() {
        return Err(Problem::Plain(ProblemType::Stopping));
    }
    let applied = database.unit(deadline, applied).await;
    match applied {
        Ok(applied) if usize::try_from(applied).is_ok_and(|it| it >= Database::migrations()) => {
            Ok(Json(HealthView { status: "ready" }))
        }
        // Migrations or their table are missing.
        Ok(_) | Err(DatabaseError::Refused(_)) => Err(Problem::Plain(ProblemType::NotMigrated)),
        Err(error) => Err(error.into()),
    }
}

/// Counts the applied migrations on a connection that can write, which is acquired like that of a request.
async fn applied(mut session: Session) -> Result<i64, DatabaseError> {
    session.test_write_access().await?;
    session
        .read(|connection| {
            Box::pin(
                sqlx::query_scalar!(
                    r#"SELECT count(*) AS "applied!" FROM _sqlx_migrations
                       WHERE success AND getdatabaseencoding() = 'UTF8'"#
                )
                .fetch_one(connection),
            )
        })
        .await
}
