//! The SQL of records.

use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Endpoint, Record};

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
        "SELECT id, url, events FROM webhooks WHERE workspace_id = $1 AND status = 'online' AND deleted_at IS NULL",
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
    record: Record<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!("src/events/record.sql", workspace_id, Json(record) as _)
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
    sqlx::query!(
        "UPDATE webhook_logs SET state = 'erased' WHERE workspace_id = $1 AND case_id = $2",
        workspace_id,
        case_id
    )
    .execute(&mut *connection)
    .await?;
    // A worker that was writing the result of an attempt has ended by now, and is seen.
    sqlx::query!(
        "WITH event_rows AS (
             UPDATE outbox SET subject = NULL, case_context = NULL
             WHERE workspace_id = $1 AND case_id = $2
         )
         UPDATE webhook_log_attempts SET response_headers = NULL, response_body = NULL
         WHERE workspace_id = $1 AND log_id IN (
             SELECT id FROM webhook_logs WHERE workspace_id = $1 AND case_id = $2)",
        workspace_id,
        case_id
    )
    .execute(connection)
    .await?;
    Ok(())
}
