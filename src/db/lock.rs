//! Row locks, which are held until the transaction ends.

use sqlx::PgConnection;
use uuid::Uuid;

/// Locks a workspace, so that no other transaction that locks it counts or adds rows until this one ends. It does not
/// block writes of rows that refer to the workspace.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn lock_workspace(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM workspaces WHERE id = $1 FOR NO KEY UPDATE",
        workspace_id
    )
    .fetch_optional(connection)
    .await?;
    Ok(())
}

/// Locks a row of a workspace by its id, so that no other transaction changes it between its read and its write:
/// `lock_row!("users", connection, workspace_id, id).await?`.
#[macro_export]
macro_rules! lock_row {
    ($table:literal, $connection:expr, $workspace_id:expr, $id:expr) => {
        sqlx::query!(
            "SELECT id FROM " + $table + " WHERE workspace_id = $1 AND id = $2 FOR UPDATE",
            $workspace_id,
            $id
        )
        .fetch_optional(&mut *$connection)
    };
}
