//! Whether the process runs, and whether it can serve.

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

/// How the process or the server is.
#[derive(Debug, Serialize, ToSchema)]
struct HealthView {
    /// `ok` of a process that runs, `ready` of a server that can serve.
    status: &'static str,
}

/// Says that the process runs.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    tag = "Health",
    security(()),
    responses((status = 200, description = "It runs.", body = HealthView)),
)]
async fn alive() -> Json<HealthView> {
    Json(HealthView { status: "ok" })
}

/// Says whether the server can serve: the database answers, takes writes and has every migration, and the
/// server is not about to stop.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    tag = "Health",
    security(()),
    responses((status = 200, description = "It can serve.", body = HealthView)),
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
        // Too few migrations, or not even their table.
        Ok(_) | Err(DatabaseError::Refused(_)) => Err(Problem::Plain(ProblemType::NotMigrated)),
        Err(error) => Err(error.into()),
    }
}

/// How many migrations there are, on a connection that can write, as a request gets one.
async fn applied(mut session: Session) -> Result<i64, DatabaseError> {
    session.test_writing().await?;
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
