//! The SQL of replays.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Webhook;
use crate::db::listing::CursorPosition;

/// How many events one request looks at, whether its webhook waits for them or not.
pub const EVENTS: usize = 500;

/// The part of a range that one request replays.
#[derive(Debug)]
pub struct Part<'p> {
    pub workspace_id: Uuid,
    pub webhook: &'p Webhook,
    /// The place behind which it begins.
    pub after: CursorPosition,
    pub until: DateTime<Utc>,
    /// Ids for its deliveries: one for each event that it may have.
    pub ids: &'p [Uuid],
    pub trace_parent: Option<&'p str>,
    pub now: DateTime<Utc>,
}

/// What became of a part.
#[derive(Debug)]
pub struct Replayed {
    /// How many deliveries were made.
    pub deliveries: i64,
    /// How many events have a pending delivery, which is the one that is sent.
    pub already_pending: i64,
    /// How many events show nothing any more.
    pub without_payload: i64,
    /// Where the next part begins, if there is more.
    pub next: Option<CursorPosition>,
}

/// Replays a part of a range, and makes the first delivery of each of its queues due now.
///
/// # Errors
/// Returns the error of the statements.
pub async fn replay(
    connection: &mut PgConnection,
    part: Part<'_>,
) -> Result<Replayed, sqlx::Error> {
    // Without statistics PostgreSQL would read and sort the whole range for the first events of it: along the index
    // only those of one moment are sorted.
    sqlx::query!("SET LOCAL enable_sort = off")
        .execute(&mut *connection)
        .await?;
    let most = i64::try_from(part.ids.len()).unwrap_or(i64::MAX);
    hurry(connection, &part, most).await?;
    let replayed = sqlx::query_file!(
        "src/webhooks/replay.sql",
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
    let last = replayed.last_created_at.zip(replayed.last_id);
    Ok(Replayed {
        deliveries: replayed.deliveries,
        already_pending: replayed.already_pending,
        without_payload: replayed.without_payload,
        next: last.map(|(created_at, id)| CursorPosition { created_at, id }),
    })
}

/// Makes the first deliveries of the queues of the part due now: one that waits for a retry would hold up its
/// queue for hours after an outage. It comes before the new deliveries, whose trigger locks queues: a worker locks a
/// delivery and then its queue, and the other way round the two could wait for each other.
async fn hurry(
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
