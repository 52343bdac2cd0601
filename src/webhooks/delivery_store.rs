//! All SQL of deliveries. A worker serves all workspaces.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::delivery::{Attempt, Delivery, Next};
use crate::http::Problem;
use crate::metrics::Backlog;

/// The most old events that one statement of the background task removes.
const BATCH: i64 = 500;

/// A delivery that this process holds for a while.
#[derive(Debug)]
pub struct Claimed {
    pub id: Uuid,
    pub attempt_count: i32,
    pub attempt_type: String,
    pub trace_parent: Option<String>,
    pub webhook: Value,
    pub event: Value,
}

/// What is still to be delivered, and how long the first delivery has waited that is due where somebody
/// listens.
///
/// # Errors
/// Those of the database.
pub async fn backlog(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Backlog, sqlx::Error> {
    let found = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM webhook_logs WHERE state = 'pending') AS "pending!",
             (SELECT min(first.next_attempt_at) FROM webhooks AS w
                 CROSS JOIN LATERAL (
                     SELECT p.next_attempt_at FROM webhook_logs AS p
                     WHERE p.workspace_id = w.workspace_id AND p.webhook_id = w.id
                         AND p.state = 'pending' AND p.next_attempt_at <= $1
                     ORDER BY p.next_attempt_at LIMIT 1) AS first
                 WHERE w.status = 'online' AND w.deleted_at IS NULL) AS due"#,
        now
    )
    .fetch_one(connection)
    .await?;
    let lag = found.due.and_then(|due| (now - due).to_std().ok());
    Ok(Backlog {
        deliveries: found.pending,
        lag: lag.unwrap_or_default(),
    })
}

/// What a worker is ready to take.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// Endpoints that have requests of this process under way.
    pub busy: Vec<Uuid>,
    /// How many each of them has.
    pub under_way: Vec<i64>,
    /// The most deliveries of one endpoint.
    pub each: i64,
    /// The most deliveries of all.
    pub all: i64,
}

/// Takes what is due; nobody else takes it until the lease ends.
///
/// # Errors
/// Those of the database.
pub async fn claim(
    connection: &mut PgConnection,
    capacity: &Capacity,
    now: DateTime<Utc>,
    leased_until: DateTime<Utc>,
) -> Result<Vec<Claimed>, sqlx::Error> {
    sqlx::query_file_as!(
        Claimed,
        "src/webhooks/claim.sql",
        now,
        &capacity.busy,
        &capacity.under_way,
        capacity.each,
        capacity.all,
        leased_until
    )
    .fetch_all(connection)
    .await
}

/// Writes what became of an attempt, unless somebody else holds the delivery by now or its case was
/// deleted.
///
/// # Errors
/// Those of the database.
pub async fn settle(
    connection: &mut PgConnection,
    delivery: &Delivery,
    leased_until: DateTime<Utc>,
    attempt: &Attempt,
) -> Result<(), Problem> {
    let (workspace_id, log_id) = (delivery.event.workspace_id, delivery.log_id);
    let (state, next_attempt_at) = match attempt.next {
        Next::Delivered => ("delivered", attempt.attempted_at),
        Next::Failed | Next::Gone => ("failed", attempt.attempted_at),
        Next::Retry(at) => ("pending", at),
    };
    let settled = sqlx::query!(
        "UPDATE webhook_logs SET state = $4, status_code = $5, attempt_count = attempt_count + 1,
             attempt_type = 'automatic_retry', next_attempt_at = $6, leased_until = NULL,
             last_attempt_at = $7, endpoint = $8
         WHERE workspace_id = $1 AND id = $2 AND leased_until = $3 AND state = 'pending'
         RETURNING webhook_id, attempt_count",
        workspace_id,
        log_id,
        leased_until,
        state,
        attempt.status_code,
        next_attempt_at,
        attempt.attempted_at,
        attempt.endpoint
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(settled) = settled else {
        return Ok(());
    };
    let (webhook_id, ordinal) = (settled.webhook_id, settled.attempt_count);
    insert_attempt(connection, workspace_id, log_id, ordinal, attempt).await?;
    if matches!(attempt.next, Next::Gone) {
        sqlx::query!(
            "UPDATE webhooks SET status = 'offline', updated_at = $3
             WHERE workspace_id = $1 AND id = $2 AND url = $4",
            workspace_id,
            webhook_id,
            attempt.attempted_at,
            attempt.endpoint
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

async fn insert_attempt(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    log_id: Uuid,
    ordinal: i32,
    attempt: &Attempt,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhook_log_attempts (workspace_id, log_id, ordinal, type, endpoint,
             status_code, request_headers, response_headers, response_body, error, attempted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        workspace_id,
        log_id,
        ordinal,
        attempt.kind,
        attempt.endpoint,
        attempt.status_code,
        attempt.request_headers,
        attempt.response_headers,
        attempt.response_body,
        attempt.error,
        attempt.attempted_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes a delivery due now; false if the workspace has no such delivery that can be made.
///
/// # Errors
/// Those of the database.
pub async fn renew(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    log_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let renewed = sqlx::query!(
        "UPDATE webhook_logs SET state = 'pending', next_attempt_at = $3,
             attempt_type = 'manual_retry', leased_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND state <> 'erased'",
        workspace_id,
        log_id,
        now
    )
    .execute(connection)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Removes webhooks that were deleted before a moment, of all workspaces. The logs of their
/// deliveries are older still, and have gone before.
///
/// # Errors
/// Those of the database.
pub async fn forget_deleted(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM webhooks AS w WHERE w.deleted_at < $1 AND NOT EXISTS (
             SELECT FROM webhook_logs AS l
             WHERE l.workspace_id = w.workspace_id AND l.webhook_id = w.id)",
        before
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes events from before a moment with the logs of their deliveries, of all workspaces and up
/// to a bounded number at once; whether there may be more.
///
/// # Errors
/// Those of the database.
pub async fn expire(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let removed = sqlx::query!(
        "DELETE FROM outbox WHERE (workspace_id, case_id, id) IN (
             SELECT workspace_id, case_id, id FROM outbox WHERE created_at < $1
             LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before,
        BATCH
    )
    .execute(connection)
    .await?;
    Ok(removed.rows_affected() == BATCH.unsigned_abs())
}
