//! Taking what is due from the queues of all workspaces: one for each endpoint and case that has pending
//! deliveries.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::slots::{Share, Waiting};
use crate::metrics::Backlog;

/// How many pending deliveries are counted at the most: a metric must not take long when it matters.
const COUNTED: i64 = 1_000_000;
/// How long a queue is left alone whose first delivery could not be taken.
const PUT_OFF: TimeDelta = TimeDelta::seconds(1);

/// A delivery that this process holds.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub workspace_id: Uuid,
    pub webhook_id: Uuid,
    pub log_id: Uuid,
    /// The URL that its last attempt was for, or would have been.
    pub endpoint: String,
    /// Why it is made: `first_call`, `automatic_retry` or `manual_retry`.
    pub kind: String,
    /// How many attempts were made before.
    pub attempts: usize,
    /// Until when nobody else takes it.
    pub leased_until: DateTime<Utc>,
}

/// What is still to be delivered, and how long the first delivery has waited that is due where somebody
/// listens.
///
/// # Errors
/// Returns the error of the statement.
pub async fn backlog(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Backlog, sqlx::Error> {
    let found = sqlx::query_file!("src/webhooks/backlog.sql", now, COUNTED)
        .fetch_one(connection)
        .await?;
    let lag = found.due.and_then(|due| (now - due).to_std().ok());
    Ok(Backlog {
        deliveries: found.pending,
        lag: lag.unwrap_or_default(),
    })
}

/// The endpoints of all workspaces that are online and have a queue that is due.
///
/// # Errors
/// Returns the error of the statement.
pub async fn waiting(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_file_as!(Waiting, "src/webhooks/waiting.sql", now)
        .fetch_all(connection)
        .await
}

/// Takes what is due of some endpoints; nobody else takes it until the leases end.
///
/// # Errors
/// Returns the error of the statement.
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
        "src/webhooks/claim.sql",
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
        put_off(connection, &missed, now + PUT_OFF).await?;
    }
    Ok(claimed)
}

/// Puts queues right whose first delivery could not be taken, and behind the others: they would be the
/// first in each turn, and stop their endpoint. Their rows are locked by the claim.
async fn put_off(
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
