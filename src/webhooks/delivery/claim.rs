//! Claiming due deliveries from the queues of all workspaces. Each endpoint and case with pending deliveries has a
//! queue.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::slots::{DueEndpoint, Share};
use crate::metrics::Backlog;

/// The count of pending deliveries stops here: the metric must stay fast with a large backlog.
const MAX_COUNT: i64 = 1_000_000;
/// How long a queue is deferred if its first delivery could not be claimed.
const DEFERRAL: TimeDelta = TimeDelta::seconds(1);

/// A delivery that this process has leased.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub workspace_id: Uuid,
    pub webhook_id: Uuid,
    pub log_id: Uuid,
    /// The URL of its last attempt, or the one at its creation.
    pub endpoint: String,
    /// `first_call`, `automatic_retry` or `manual_retry`.
    pub kind: String,
    /// The number of earlier attempts.
    pub attempts: usize,
    /// When the lease ends and another process can claim the delivery.
    pub leased_until: DateTime<Utc>,
}

/// Counts the pending deliveries of all webhooks, and measures how long the oldest due queue of an online webhook has
/// waited.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn backlog(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Backlog, sqlx::Error> {
    let pending = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM (
               SELECT FROM webhook_logs AS l JOIN webhooks AS w
                   ON w.workspace_id = l.workspace_id AND w.id = l.webhook_id
               WHERE l.state = 'pending' AND w.deleted_at IS NULL LIMIT $1) AS pending"#,
        MAX_COUNT
    );
    let deliveries = pending.fetch_one(&mut *connection).await?;
    let due = due_endpoints(connection, now).await?;
    let oldest = due.iter().map(|it| it.due_at).min();
    let lag = oldest.and_then(|due_at| (now - due_at).to_std().ok());
    Ok(Backlog {
        deliveries,
        lag: lag.unwrap_or_default(),
    })
}

/// The online endpoints of all workspaces with a due queue, each with the time at which its first queue was due.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn due_endpoints(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<DueEndpoint>, sqlx::Error> {
    sqlx::query_file_as!(DueEndpoint, "src/webhooks/delivery/due_endpoints.sql", now)
        .fetch_all(connection)
        .await
}

/// Claims due deliveries of some endpoints until `leased_until`. Queues whose first delivery could not be claimed are
/// deferred.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn claim(
    connection: &mut PgConnection,
    shares: &[Share],
    now: DateTime<Utc>,
    leased_until: DateTime<Utc>,
) -> Result<Vec<Claimed>, sqlx::Error> {
    let workspaces: Vec<_> = shares.iter().map(|it| it.workspace_id).collect();
    let webhooks: Vec<_> = shares.iter().map(|it| it.webhook_id).collect();
    let slots = shares.iter().map(|it| i64::try_from(it.slots));
    let slots: Vec<_> = slots.map(Result::unwrap_or_default).collect();
    let queues = sqlx::query_file!(
        "src/webhooks/delivery/claim.sql",
        &workspaces,
        &webhooks,
        &slots,
        now,
        leased_until
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut claimed = Vec::with_capacity(queues.len());
    let mut missed = Vec::new();
    for queue in queues {
        match (queue.log_id, queue.endpoint, queue.kind, queue.attempts) {
            (Some(log_id), Some(endpoint), Some(kind), Some(attempts)) => claimed.push(Claimed {
                workspace_id: queue.workspace_id,
                webhook_id: queue.webhook_id,
                log_id,
                endpoint,
                kind,
                attempts: usize::try_from(attempts).unwrap_or_default(),
                leased_until,
            }),
            _ => missed.push((queue.workspace_id, queue.webhook_id, queue.case_id)),
        }
    }
    if !missed.is_empty() {
        defer(connection, &missed, now + DEFERRAL).await?;
    }
    Ok(claimed)
}

/// Recomputes queues whose first delivery could not be claimed, and makes them due later: as the first in each turn
/// they would block their endpoint. The claim has locked their rows.
async fn defer(
    connection: &mut PgConnection,
    queues: &[(Uuid, Uuid, Uuid)],
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let workspaces: Vec<_> = queues.iter().map(|it| it.0).collect();
    let webhooks: Vec<_> = queues.iter().map(|it| it.1).collect();
    let cases: Vec<_> = queues.iter().map(|it| it.2).collect();
    sqlx::query!(
        "SELECT refresh_webhook_queue(q.workspace_id, q.webhook_id, q.case_id)
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS q (workspace_id, webhook_id, case_id)",
        &workspaces,
        &webhooks,
        &cases
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE webhook_queues AS q SET due_at = $4
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS m (workspace_id, webhook_id, case_id)
         WHERE q.workspace_id = m.workspace_id AND q.webhook_id = m.webhook_id
             AND q.case_id = m.case_id AND q.due_at < $4",
        &workspaces,
        &webhooks,
        &cases,
        until
    )
    .execute(connection)
    .await?;
    Ok(())
}
