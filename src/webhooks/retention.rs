//! Removing what is old: events with their deliveries, and webhooks that were deleted.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// How many deliveries of a deleted webhook one statement ends.
const ENDED: i64 = 500;

/// The workspaces with events from before a moment, each with that of its first one.
///
/// # Errors
/// Returns the error of the statement.
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

/// Removes events of a workspace from before a moment, the oldest first, with the logs of their deliveries:
/// up to `most` of them, after the first `skip`. How many were removed.
///
/// # Errors
/// Returns the error of the statement.
pub async fn purge(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    before: DateTime<Utc>,
    (skip, most): (i64, i64),
) -> Result<u64, sqlx::Error> {
    // By their place in the table: a join with a list of unknown length can be planned as a scan of all.
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

/// The deleted webhooks of all workspaces of which there is something to do: that still have pending
/// deliveries, or were deleted before a moment.
///
/// # Errors
/// Returns the error of the statement.
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

/// Ends pending deliveries of a webhook that nobody will make, up to a bounded number: how many. One that was
/// delivered before, and is pending because somebody asked for it again, stays delivered.
///
/// # Errors
/// Returns the error of the statement.
pub async fn end_pending(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    webhook_id: Uuid,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    // One that is under way says itself what became of it.
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
        ENDED
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected())
}

/// Ends the pending deliveries of a deleted webhook, up to a bounded number; and removes the webhook if it was deleted before a moment and no log of a delivery is left. Whether there may
/// be more deliveries to end.
///
/// # Errors
/// Returns the error of the statement.
pub async fn forget_deleted(
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
    Ok(ended == ENDED.unsigned_abs())
}
