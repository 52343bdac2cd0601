//! What a background step says that has failed.

use std::time::Duration;

use crate::db::{Database, DatabaseError, Deadline};
use crate::http::Problem;

/// How long the database may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// Logs what has failed; it is tried again.
pub fn log(what: &'static str, error: DatabaseError) {
    match error {
        // A server without its database says so at every request.
        error @ (DatabaseError::Unavailable(_) | DatabaseError::ReadOnly(_)) => {
            tracing::debug!(%error, "{what}");
        }
        error => {
            let cause = Problem::from(error).cause().unwrap_or_default();
            tracing::warn!(cause, "{what}");
        }
    }
}

/// Whether the database answers. A connection is lost with the statement that ends its session, as it is with the
/// whole database: after the first the next workspace has its turn, and after the second it would fail too.
pub async fn is_reachable(database: &Database) -> bool {
    let read = database.read(Deadline::after(PATIENCE), (), |connection, _| {
        Box::pin(async move { sqlx::Connection::ping(connection).await })
    });
    read.await.is_ok()
}
