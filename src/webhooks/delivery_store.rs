//! The SQL of single deliveries.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::claim::Claimed;
use super::delivery::{Attempt, Delivery, Next};
use crate::http::Problem;

/// A delivery with what it shows, which is JSON: what cannot be read of it concerns it alone.
#[derive(Debug)]
pub struct DeliveryRow {
    pub log_id: Uuid,
    trace_parent: Option<String>,
    webhook: String,
    event: String,
}

impl DeliveryRow {
    /// The delivery.
    ///
    /// # Errors
    /// Those of a stored value that cannot be read.
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

/// Deliveries with what they show, in any order, without those whose endpoint is not online.
///
/// # Errors
/// Returns the error of the statement.
pub async fn read(
    connection: &mut PgConnection,
    claimed: &[Claimed],
) -> Result<Vec<DeliveryRow>, sqlx::Error> {
    let workspaces: Vec<_> = claimed.iter().map(|it| it.workspace_id).collect();
    let log_ids: Vec<_> = claimed.iter().map(|it| it.log_id).collect();
    sqlx::query_as!(
        DeliveryRow,
        // Each step goes from what the last one found, whatever the planner knows of the tables.
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

/// Gives a delivery back that was not made; one of a deleted webhook ends.
///
/// # Errors
/// Returns the error of the statement.
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

/// Ends a delivery that nobody holds if its webhook was deleted. One that was delivered before, and is pending
/// because somebody asked for it again, stays delivered.
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

/// Writes what became of an attempt, unless somebody else holds the delivery by now or its case was
/// deleted. After the deletion of its webhook it is the last one.
///
/// # Errors
/// Returns the error of the statement.
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

/// Makes a delivery due now, and the first of its queue with it, which would keep it waiting; false if the
/// workspace has no such delivery that can be made: its case or its webhook was deleted.
///
/// # Errors
/// Returns the error of the statement.
pub async fn renew(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    log_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let renewed = sqlx::query!(
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
    Ok(renewed.rows_affected() == 1)
}
