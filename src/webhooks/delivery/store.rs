//! The SQL of single deliveries.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::attempt::{Attempt, Delivery, Next};
use super::claim::Claimed;
use crate::http::Problem;

/// A delivery with its webhook and event as JSON: a value that cannot be decoded fails only its own delivery.
#[derive(Debug)]
pub struct EncodedDelivery {
    pub log_id: Uuid,
    trace_parent: Option<String>,
    webhook: String,
    event: String,
}

impl EncodedDelivery {
    /// Decodes the delivery.
    ///
    /// # Errors
    /// Returns `serde_json::Error` if the stored webhook or event cannot be decoded.
    pub fn delivery(self, claimed: &Claimed) -> Result<Delivery, serde_json::Error> {
        Ok(Delivery {
            webhook: serde_json::from_str(&self.webhook)?,
            event: serde_json::from_str(&self.event)?,
            attempts: claimed.attempts,
            kind: claimed.kind.clone(),
            trace_parent: self.trace_parent,
        })
    }
}

/// Reads deliveries, in any order. Omits those whose webhook is not online.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn read(
    connection: &mut PgConnection,
    claimed: &[Claimed],
) -> Result<Vec<EncodedDelivery>, sqlx::Error> {
    let workspaces: Vec<_> = claimed.iter().map(|it| it.workspace_id).collect();
    let log_ids: Vec<_> = claimed.iter().map(|it| it.log_id).collect();
    sqlx::query_as!(
        EncodedDelivery,
        // Each LATERAL step looks up one row by key, so that the plan does not depend on statistics.
        r#"SELECT c.log_id AS "log_id!", l.trace_parent, to_jsonb(w)::text AS "webhook!",
             (to_jsonb(o) || jsonb_build_object('workspace_name', s.name))::text AS "event!"
         FROM unnest($1::uuid[], $2::uuid[]) AS c (workspace_id, log_id)
         CROSS JOIN LATERAL (
             SELECT webhook_id, case_id, event_id, trace_parent FROM webhook_logs
             WHERE workspace_id = c.workspace_id AND id = c.log_id LIMIT 1) AS l
         CROSS JOIN LATERAL (
             SELECT * FROM webhooks
             WHERE workspace_id = c.workspace_id AND id = l.webhook_id AND status = 'online'
                 AND deleted_at IS NULL LIMIT 1) AS w
         CROSS JOIN LATERAL (
             SELECT * FROM outbox
             WHERE workspace_id = c.workspace_id AND case_id = l.case_id AND id = l.event_id
             LIMIT 1) AS o
         JOIN workspaces AS s ON s.id = c.workspace_id"#,
        &workspaces,
        &log_ids
    )
    .fetch_all(connection)
    .await
}

/// Ends the lease of a delivery that was not attempted. If its webhook was deleted, the delivery ends too.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn release(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    log_id: Uuid,
    leased_until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_logs SET leased_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND leased_until = $3",
        workspace_id,
        log_id,
        leased_until
    )
    .execute(&mut *connection)
    .await?;
    end_if_deleted(connection, workspace_id, log_id).await
}

/// Ends a pending delivery without a lease if its webhook was deleted. It becomes `delivered` if an earlier attempt
/// succeeded (it was pending for a manual retry), otherwise `failed`.
async fn end_if_deleted(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    log_id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_logs AS l SET state = CASE WHEN EXISTS (
                 SELECT FROM webhook_log_attempts AS a
                 WHERE a.workspace_id = l.workspace_id AND a.log_id = l.id
                     AND a.status_code BETWEEN 200 AND 299) THEN 'delivered' ELSE 'failed' END
         WHERE l.workspace_id = $1 AND l.id = $2 AND l.state = 'pending'
             AND l.leased_until IS NULL AND EXISTS (
                 SELECT FROM webhooks AS w
                 WHERE w.workspace_id = l.workspace_id AND w.id = l.webhook_id
                     AND w.deleted_at IS NOT NULL)",
        workspace_id,
        log_id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores the result of an attempt, unless another process has claimed the delivery or its case was deleted. If its
/// webhook was deleted, there is no retry. After [`Next::Gone`] the webhook is set offline.
///
/// # Errors
/// Returns [`Problem`] with the database error if a statement fails.
pub async fn settle(
    connection: &mut PgConnection,
    claimed: &Claimed,
    attempt: &Attempt,
) -> Result<(), Problem> {
    let (workspace_id, log_id) = (claimed.workspace_id, claimed.log_id);
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
        claimed.leased_until,
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
    if matches!(attempt.next, Next::Retry(_)) {
        end_if_deleted(connection, workspace_id, log_id).await?;
    }
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

/// Makes a delivery due now, and with it the first delivery of its queue, which would block it. Returns `false` if the
/// delivery does not exist, or its case or webhook was deleted.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn make_due(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    log_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query!(
        "UPDATE webhook_logs SET state = 'pending', next_attempt_at = $3,
             attempt_type = 'manual_retry', leased_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND state <> 'erased' AND EXISTS (
             SELECT FROM webhooks AS w
             WHERE w.workspace_id = $1 AND w.id = webhook_logs.webhook_id AND w.deleted_at IS NULL)",
        workspace_id,
        log_id,
        now
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE webhook_logs AS l SET next_attempt_at = $3
         FROM webhook_logs AS renewed
         CROSS JOIN LATERAL (
             SELECT id FROM webhook_logs
             WHERE workspace_id = renewed.workspace_id AND webhook_id = renewed.webhook_id
                 AND case_id = renewed.case_id AND state = 'pending'
             ORDER BY version, id LIMIT 1) AS first
         WHERE renewed.workspace_id = $1 AND renewed.id = $2 AND renewed.state = 'pending'
             AND l.workspace_id = renewed.workspace_id AND l.id = first.id
             AND l.next_attempt_at > $3",
        workspace_id,
        log_id,
        now
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() == 1)
}
