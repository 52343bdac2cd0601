//! A lease that allows one batch at a time for each idempotency key, across all servers.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::IdempotencyContext;
use super::execute_once::{WAIT_TIMEOUT, in_progress};
use crate::db::{Database, DatabaseError, Deadline, Session};
use crate::http::{KeyGuard, Problem};

/// How long a lease lasts after the deadline of its batch. Statements of the batch end within this time.
const MARGIN: TimeDelta = TimeDelta::seconds(5);

/// The right to run the batch of a key. If it is not returned, because the server stopped or the client disconnected,
/// it expires a few seconds after the deadline of the request. Until then, items may still be written.
#[derive(Debug)]
pub struct BatchLease {
    database: Database,
    workspace_id: Uuid,
    key: String,
    holder: Uuid,
    /// The lock in this process, for which a repeated batch waits up to one second.
    _guard: KeyGuard<(Uuid, String)>,
}

impl BatchLease {
    /// Acquires the lease of a key for `holder`.
    ///
    /// # Errors
    /// Returns `RequestInProgress` (409) while another batch with the key runs, or a [`DatabaseError`]. No item of the
    /// batch was written then.
    pub async fn acquire(
        context: IdempotencyContext<'_>,
        key: &str,
        holder: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let workspace_id = context.workspace_id;
        // A key in a header has no line break, so this lock is separate from those of requests.
        let lock = context.running.lock((workspace_id, format!("{key}\n")));
        let Ok(guard) = timeout(WAIT_TIMEOUT, lock).await else {
            return Err(in_progress());
        };
        let remaining = context.deadline.instant().duration_since(Instant::now());
        let remaining = TimeDelta::from_std(remaining).unwrap_or(TimeDelta::MAX);
        let row = (
            workspace_id,
            key.to_owned(),
            holder,
            now + remaining + MARGIN,
        );
        let acquire = async move |mut session: Session| {
            let insert = session.write(|connection| Box::pin(insert(connection, row, now)));
            insert.await
        };
        let is_acquired = match context.database.unit(context.deadline, acquire).await {
            // No item was written, whether the row exists or not.
            Err(DatabaseError::OutcomeUnknown(cause)) => Err(DatabaseError::Unavailable(cause)),
            result => result,
        };
        if !is_acquired? {
            return Err(in_progress());
        }
        Ok(Self {
            database: context.database.clone(),
            workspace_id,
            key: key.to_owned(),
            holder,
            _guard: guard,
        })
    }

    /// Returns the lease after the end of the batch.
    pub async fn release(self) {
        let row = (self.workspace_id, self.key, self.holder);
        let release = async move |mut session: Session| {
            let delete = session.write(|connection| Box::pin(delete(connection, row)));
            delete.await
        };
        // If this fails, the lease expires.
        let deadline = Deadline::after(WAIT_TIMEOUT);
        let _: Result<(), DatabaseError> = self.database.unit(deadline, release).await;
    }
}

/// Inserts the row of a lease, or takes over an expired one. Returns whether it succeeded.
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

/// Removes expired leases of all workspaces.
///
/// # Errors
/// Returns the error of the statement.
pub async fn remove_expired_leases(
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
