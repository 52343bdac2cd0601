//! The SQL of custom properties.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Definition;
use crate::http::Problem;

/// Every definition of a workspace, archived ones too, with their options.
///
/// # Errors
/// Those of the database, and a row that cannot be read.
pub async fn definitions(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<Vec<Definition>, Problem> {
    let found = sqlx::query_file_scalar!("src/custom_properties/definitions.sql", workspace_id)
        .fetch_one(connection)
        .await?;
    serde_json::from_value(found).map_err(Problem::Corrupt)
}
