//! The SQL of custom properties.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// Every definition of a workspace, archived ones too, with their options, as JSON.
///
/// # Errors
/// Those of the database.
pub async fn definitions(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<Value, sqlx::Error> {
    sqlx::query_file_scalar!("src/custom_properties/definitions.sql", workspace_id)
        .fetch_one(connection)
        .await
}
