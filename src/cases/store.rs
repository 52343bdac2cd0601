//! All SQL of cases.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// Stores a whole case with one statement.
///
/// # Errors
/// Those of the database; a named constraint says which rule a race has broken.
pub async fn insert(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case: Value,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!("src/cases/insert.sql", workspace_id, case)
        .execute(connection)
        .await?;
    Ok(())
}

/// A whole case by its id or external id, if the workspace has it.
///
/// # Errors
/// Those of the database.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Option<Uuid>,
    external_id: &str,
) -> Result<Option<Value>, sqlx::Error> {
    sqlx::query_file_scalar!("src/cases/find.sql", workspace_id, id, external_id)
        .fetch_optional(connection)
        .await
}
