//! The version of the references of a workspace: its tags, templates, users, spaces, custom properties and webhooks.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::http::{Problem, ProblemType};

/// Reads the current version. Every change of a reference sets a new one in its own transaction.
///
/// # Errors
/// Returns the error of the statement.
pub async fn reference_version(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<Uuid, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT version FROM reference_versions WHERE workspace_id = $1",
        workspace_id
    )
    .fetch_one(connection)
    .await
}

/// Checks that the references still have the version with which a write was checked.
///
/// # Errors
/// Returns `Busy` (503) if they have another one: the transaction is rolled back and runs again. Returns the error of
/// the statement.
pub async fn check_reference_version(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    version: Uuid,
) -> Result<(), Problem> {
    if reference_version(connection, workspace_id).await? == version {
        Ok(())
    } else {
        Err(Problem::Plain(ProblemType::Busy))
    }
}
