//! One batch at a time for each idempotency key, over all servers.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::Once;
use super::execute_once::{PATIENCE, in_progress};
use crate::db::{Database, DatabaseError, Deadline, Session};
use crate::http::{KeyGuard, Problem};

/// How much longer than its batch a lease lasts: what the batch has sent to the database ends within it.
const MARGIN: TimeDelta = TimeDelta::seconds(5);

/// The right to run the batch of a key. Where it is not given back, since the client or the server is
/// gone, it ends a few seconds after the deadline of its request: until then items may still be
/// written.
#[derive(Debug)]
pub struct BatchLease {
    database: Database,
    workspace_id: Uuid,
    key: String,
    holder: Uuid,
    /// Held in this process, where a repeated batch waits for a moment.
    _guard: KeyGuard<(Uuid, String)>,
}

impl BatchLease {
    /// Takes the lease of a key in the name of `holder`.
    ///
    /// # Errors
    /// `RequestInProgress` (409) while another batch with the key runs, or a [`DatabaseError`]. Nothing of the
    /// batch was done then.
    pub async fn take(
        place: Once<'_>,
        key: &str,
        holder: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let workspace_id = place.workspace_id;
        // A key of a request has no line break: this is none of those of requests.
        let lock = place.running.lock((workspace_id, format!("{key}\n")));
        let Ok(guard) = timeout(PATIENCE, lock).await else {
            return Err(in_progress());
        };
        let left = place.deadline.instant().duration_since(Instant::now());
        let left = TimeDelta::from_std(left).unwrap_or(TimeDelta::MAX);
        let row = (workspace_id, key.to_owned(), holder, now + left + MARGIN);
        let take = async move |mut session: Session| {
            let take = session.write(|connection| Box::pin(insert(connection, row, now)));
            take.await
        };
        let is_taken = match place.database.unit(place.deadline, take).await {
            // Nothing of the batch was done, whether the row is there or not.
            Err(DatabaseError::OutcomeUnknown(cause)) => Err(DatabaseError::Unavailable(cause)),
            taken => taken,
        };
        if !is_taken? {
            return Err(in_progress());
        }
        Ok(Self {
            database: place.database.clone(),
            workspace_id,
            key: key.to_owned(),
            holder,
            _guard: guard,
        })
    }

    /// Gives the lease back once nothing of the batch is under way any more.
    pub async fn end(self) {
        let row = (self.workspace_id, self.key, self.holder);
        let end = async move |mut session: Session| {
            let end = session.write(|connection| Box::pin(delete(connection, row)));
            end.await
        };
        // If it cannot be given back now, it ends by itself.
        let deadline = Deadline::after(PATIENCE);
        let _: Result<(), DatabaseError> = self.database.unit(deadline, end).await;
    }
}

/// Whether the row is ours now.
async fn insert(
    connection: &mut PgConnection,
    (workspace_id, key, holder, leased_until): (Uuid, String, Uuid, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "INSERT INTO running_batches AS r (workspace_id, key, holder, leased_until)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT running_batches_pkey DO UPDATE
             SET holder = excluded.holder, leased_until = excluded.leased_until
             WHERE r.leased_until < $5",
        workspace_id,
        key,
        holder,
        leased_until,
        now
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn delete(
    connection: &mut PgConnection,
    (workspace_id, key, holder): (Uuid, String, Uuid),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM running_batches WHERE workspace_id = $1 AND key = $2 AND holder = $3",
        workspace_id,
        key,
        holder
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes leases that ended long ago and that nobody took over, of all workspaces.
///
/// # Errors
/// Returns the error of the statement.
pub async fn expire_leases(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM running_batches WHERE leased_until < $1",
        before
    )
    .execute(connection)
    .await?;
    Ok(())
}
