//! The SQL of webhooks.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Webhook;

/// Finds a webhook. Returns `None` if the workspace has no webhook with this id, or it was deleted.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Option<Webhook>, sqlx::Error> {
    sqlx::query_as!(
        Webhook,
        "SELECT id, name, status, type AS kind, url, events, secret, previous_secret,
             previous_secret_until, created_at, updated_at
         FROM webhooks WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL",
        workspace_id,
        id
    )
    .fetch_optional(connection)
    .await
}

/// Finds a webhook and locks it until the transaction ends.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn find_locked(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Option<Webhook>, sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM webhooks WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE",
        workspace_id,
        id
    )
    .fetch_optional(&mut *connection)
    .await?;
    find(connection, workspace_id, id).await
}

/// Inserts or updates a webhook.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn save(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    webhook: &Webhook,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhooks (workspace_id, id, name, status, type, url, events, secret,
             previous_secret, previous_secret_until, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT ON CONSTRAINT webhooks_pkey DO UPDATE SET name = excluded.name,
             status = excluded.status, type = excluded.type, url = excluded.url,
             events = excluded.events, secret = excluded.secret,
             previous_secret = excluded.previous_secret,
             previous_secret_until = excluded.previous_secret_until,
             updated_at = excluded.updated_at",
        workspace_id,
        webhook.id,
        webhook.name,
        webhook.status,
        webhook.kind,
        webhook.url,
        &webhook.events,
        webhook.secret,
        webhook.previous_secret,
        webhook.previous_secret_until,
        webhook.created_at,
        webhook.updated_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts the webhooks of a workspace, and locks it: until the transaction ends no other request can add one.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn count_locked(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<i64, sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM workspaces WHERE id = $1 FOR NO KEY UPDATE",
        workspace_id
    )
    .fetch_optional(&mut *connection)
    .await?;
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM webhooks
           WHERE workspace_id = $1 AND deleted_at IS NULL"#,
        workspace_id
    )
    .fetch_one(connection)
    .await
}

/// Marks a webhook as deleted and erases its secrets. A worker removes the row later, after the logs of its deliveries:
/// their removal would take too long here. Returns `false` if the workspace has no such webhook.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn delete(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query!(
        "UPDATE webhooks SET deleted_at = $3, status = 'offline', secret = '',
             previous_secret = NULL, previous_secret_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL",
        workspace_id,
        id,
        now
    )
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
