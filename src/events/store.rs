//! The SQL of records.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Endpoint;

/// The endpoints of a workspace that are online.
///
/// # Errors
/// Those of the database.
pub async fn endpoints(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<Vec<Endpoint>, sqlx::Error> {
    sqlx::query_as!(
        Endpoint,
        "SELECT id, url, events FROM webhooks WHERE workspace_id = $1 AND status = 'online'",
        workspace_id
    )
    .fetch_all(connection)
    .await
}

/// Writes a record.
///
/// # Errors
/// Those of the database; `webhook_logs_webhook_fkey` where an endpoint was deleted meanwhile.
pub async fn insert(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    record: Value,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!("src/events/record.sql", workspace_id, record)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes what the events of a case show of it, and what became of their deliveries; those that are
/// still to be made are not made any more.
///
/// # Errors
/// Those of the database.
pub async fn erase(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!("src/events/erase.sql", workspace_id, case_id)
        .execute(connection)
        .await?;
    Ok(())
}
