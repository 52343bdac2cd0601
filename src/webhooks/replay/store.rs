//! The SQL of replays.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::db::listing::CursorPosition;
use crate::webhooks::model::Webhook;

/// The events that one request covers, including those that the webhook is not subscribed to.
pub const MAX_EVENTS: usize = 500;

/// The part of a range that one request replays.
#[derive(Debug)]
pub struct Part<'p> {
    pub workspace_id: Uuid,
    pub webhook: &'p Webhook,
    /// The position after which the part begins.
    pub after: CursorPosition,
    pub until: DateTime<Utc>,
    /// Ids for the new deliveries: one for each event of the part.
    pub ids: &'p [Uuid],
    pub trace_parent: Option<&'p str>,
    pub now: DateTime<Utc>,
}

/// The result of a part.
#[derive(Debug)]
pub struct Replayed {
    /// The number of deliveries created.
    pub deliveries: i64,
    /// The number of events that already have a pending delivery.
    pub already_pending: i64,
    /// The number of events without a stored payload.
    pub without_payload: i64,
    /// The position after which the next part begins; `None` after the last part.
    pub next: Option<CursorPosition>,
}

/// Creates the deliveries of a part, and makes the first delivery of each of its queues due now.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn replay(
    connection: &mut PgConnection,
    part: Part<'_>,
) -> Result<Replayed, sqlx::Error> {
    // Without statistics PostgreSQL would read and sort the whole range to find its first events. With this setting it
    // reads them in index order, and sorts only events of the same time.
    sqlx::query!("SET LOCAL enable_sort = off")
        .execute(&mut *connection)
        .await?;
    let most = i64::try_from(part.ids.len()).unwrap_or(i64::MAX);
    make_first_due(connection, &part, most).await?;
    let replayed = sqlx::query_file!(
        "src/webhooks/replay/events.sql",
        part.workspace_id,
        part.webhook.id,
        &part.webhook.events,
        part.after.created_at,
        part.after.id,
        part.until,
        most,
        part.ids,
        part.webhook.url,
        part.now,
        part.trace_parent
    )
    .fetch_one(&mut *connection)
    .await?;
    let next = replayed.last_created_at.zip(replayed.last_id);
    Ok(Replayed {
        deliveries: replayed.deliveries,
        already_pending: replayed.already_pending,
        without_payload: replayed.without_payload,
        next: next.map(|(created_at, id)| CursorPosition { created_at, id }),
    })
}

/// Makes the first delivery of each queue of the part due now: after an outage a delayed retry could block its queue
/// for hours. This runs before the insert of the new deliveries, whose trigger locks queues. Workers lock a delivery
/// before its queue; the opposite order here could cause a deadlock.
async fn make_first_due(
    connection: &mut PgConnection,
    part: &Part<'_>,
    most: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_logs SET next_attempt_at = $4, attempt_type = 'manual_retry'
         WHERE workspace_id = $1 AND state = 'pending' AND next_attempt_at > $4
             AND id = ANY (ARRAY(
                 SELECT log_id FROM webhook_queues
                 WHERE workspace_id = $1 AND webhook_id = $2 AND case_id = ANY (ARRAY(
                     SELECT case_id FROM (
                         SELECT case_id, event, sub_event, subject FROM outbox
                         WHERE workspace_id = $1 AND created_at >= $5 AND created_at < $7
                             AND (created_at, id) > ($5, $6)
                         ORDER BY created_at, id LIMIT $8) AS part
                     WHERE (event = ANY ($3) OR sub_event = ANY ($3)) AND subject IS NOT NULL))))",
        part.workspace_id,
        part.webhook.id,
        &part.webhook.events,
        part.now,
        part.after.created_at,
        part.after.id,
        part.until,
        most
    )
    .execute(connection)
    .await?;
    Ok(())
}
