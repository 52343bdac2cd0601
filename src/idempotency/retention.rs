//! Removing old keys.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Returns the workspaces with keys older than a time, each with the creation time of its oldest key.
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
             SELECT created_at FROM idempotency_keys WHERE workspace_id = w.id AND created_at < $1
             ORDER BY created_at LIMIT 1) AS first
         ORDER BY first.created_at",
        before
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|it| (it.id, it.created_at)).collect())
}

/// Removes up to `limit` keys of a workspace that are older than a time, the oldest first, after the first `skip` of
/// them. Returns the number of removed keys.
///
/// # Errors
/// Returns the error of the statement.
pub async fn purge(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    before: DateTime<Utc>,
    (skip, limit): (i64, i64),
) -> Result<u64, sqlx::Error> {
    // By ctid: a join with a list of unknown length may be planned as a scan of the whole table.
    let removed = sqlx::query!(
        "DELETE FROM idempotency_keys WHERE workspace_id = $1 AND ctid = ANY (ARRAY(
             SELECT ctid FROM idempotency_keys WHERE workspace_id = $1 AND created_at < $2
             ORDER BY created_at OFFSET $3 LIMIT $4 FOR UPDATE SKIP LOCKED))",
        workspace_id,
        before,
        skip,
        limit
    )
    .execute(connection)
    .await?;
    Ok(removed.rows_affected())
}
