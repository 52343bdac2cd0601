//! The SQL of changes and their events.

use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{ChangeRows, Endpoint};

/// The online endpoints of a workspace.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
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

/// Inserts the rows of changes.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails. It violates `webhook_logs_webhook_fkey` if an endpoint was removed
/// after it was read.
pub async fn insert(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    rows: ChangeRows<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!(
        "src/events/insert_changes.sql",
        workspace_id,
        Json(rows) as _
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Erases the payloads of a case's events and the responses of their deliveries. Pending deliveries are not sent.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
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
    // The update above has waited for workers that were storing attempts, so this statement finds all attempts.
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
