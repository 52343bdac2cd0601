//! Removing keys that are old.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// The workspaces with keys from before a moment, each with that of its first one.
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

/// Removes keys of a workspace from before a moment, the oldest first: up to `most` of them, after the first
/// `skip`. How many were removed.
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
        "DELETE FROM idempotency_keys WHERE workspace_id = $1 AND ctid = ANY (ARRAY(
             SELECT ctid FROM idempotency_keys WHERE workspace_id = $1 AND created_at < $2
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
