//! Failures of background steps.

use std::time::Duration;

use crate::db::{Database, DatabaseError, Deadline};
use crate::http::Problem;

/// The deadline of the check whether the database is reachable.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Logs the failure of a step that will be repeated.
pub fn log(message: &'static str, error: DatabaseError) {
    match error {
        // Each request logs an unavailable database already.
        error @ (DatabaseError::Unavailable(_) | DatabaseError::ReadOnly(_)) => {
            tracing::debug!(%error, "{message}");
        }
        error => {
            let cause = Problem::from(error).cause().unwrap_or_default();
            tracing::warn!(cause, "{message}");
        }
    }
}

/// Whether the database is reachable. A lost connection can have two causes: a statement that ended its session, after
/// which the next workspace can be processed, or an unreachable database, with which every workspace would fail.
pub async fn is_reachable(database: &Database) -> bool {
    let read = database.read(Deadline::after(PING_TIMEOUT), (), |connection, _| {
        Box::pin(async move { sqlx::Connection::ping(connection).await })
    });
    read.await.is_ok()
}
