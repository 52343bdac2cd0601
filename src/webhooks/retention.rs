//! Removal of old events with their deliveries, and of deleted webhooks.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// The number of deliveries that one statement ends.
const END_BATCH: i64 = 500;

/// The workspaces with events older than `before`, each with the time of its oldest event.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn overdue(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<Vec<(Uuid, DateTime<Utc>)>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT w.id, first.created_at FROM workspaces AS w
         CROSS JOIN LATERAL (
             SELECT created_at FROM outbox WHERE workspace_id = w.id AND created_at < $1
             ORDER BY created_at LIMIT 1) AS first
         ORDER BY first.created_at",
        before
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|it| (it.id, it.created_at)).collect())
}

/// Removes up to `most` events of a workspace that are older than `before`, and the logs of their deliveries, oldest
/// first. Skips the first `skip` events. Returns the number of events removed.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn purge(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    before: DateTime<Utc>,
    (skip, most): (i64, i64),
) -> Result<u64, sqlx::Error> {
    // Rows are deleted by ctid: a join with a list of unknown length can be planned as a scan of the table.
    let removed = sqlx::query!(
        "DELETE FROM outbox WHERE workspace_id = $1 AND ctid = ANY (ARRAY(
             SELECT ctid FROM outbox WHERE workspace_id = $1 AND created_at < $2
             ORDER BY created_at OFFSET $3 LIMIT $4 FOR UPDATE SKIP LOCKED))",
        workspace_id,
        before,
        skip,
        most
    )
    .execute(connection)
    .await?;
    Ok(removed.rows_affected())
}

/// The deleted webhooks of all workspaces that have pending deliveries or were deleted before `before`: workspace id
/// and webhook id.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn deleted(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT w.workspace_id, w.id FROM webhooks AS w
         WHERE w.deleted_at IS NOT NULL AND (w.deleted_at < $1 OR EXISTS (
             SELECT FROM webhook_queues AS q
             WHERE q.workspace_id = w.workspace_id AND q.webhook_id = w.id))",
        before
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|it| (it.workspace_id, it.id))
        .collect())
}

/// Ends up to 500 pending deliveries of a webhook, and returns their number. A delivery becomes `delivered`
/// if an earlier attempt succeeded (it was pending for a manual retry), otherwise `failed`.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn end_pending(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    webhook_id: Uuid,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    // A leased delivery is left to its attempt, which stores the result.
    let ended = sqlx::query!(
        "UPDATE webhook_logs AS l SET leased_until = NULL,
             state = CASE WHEN EXISTS (
                 SELECT FROM webhook_log_attempts AS a
                 WHERE a.workspace_id = l.workspace_id AND a.log_id = l.id
                     AND a.status_code BETWEEN 200 AND 299) THEN 'delivered' ELSE 'failed' END
         WHERE l.workspace_id = $1 AND l.id = ANY (ARRAY(
             SELECT id FROM webhook_logs
             WHERE workspace_id = $1 AND webhook_id = $2 AND state = 'pending'
                 AND (leased_until IS NULL OR leased_until < $3)
             LIMIT $4 FOR UPDATE SKIP LOCKED))",
        workspace_id,
        webhook_id,
        now,
        END_BATCH
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected())
}

/// Ends up to 500 pending deliveries of a deleted webhook. Removes the webhook if it was deleted before
/// `before` and has no delivery left. Returns whether more pending deliveries may be left.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn purge_deleted(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    webhook_id: Uuid,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let ended = end_pending(&mut *connection, workspace_id, webhook_id, now).await?;
    sqlx::query!(
        "DELETE FROM webhooks AS w
         WHERE w.workspace_id = $1 AND w.id = $2 AND w.deleted_at < $3 AND NOT EXISTS (
             SELECT FROM webhook_logs AS l
             WHERE l.workspace_id = w.workspace_id AND l.webhook_id = w.id)",
        workspace_id,
        webhook_id,
        before
    )
    .execute(connection)
    .await?;
    Ok(ended == END_BATCH.unsigned_abs())
}
