//! Removal of rows after their retention time, in small batches.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::failure;
use crate::clock::now;
use crate::db::{Database, DatabaseError, Deadline};
use crate::metrics::Metrics;

/// The time for each kind of rows, and for each deleted webhook, in one round.
pub const TIME_BUDGET: Duration = Duration::from_secs(20);
/// The deadline of each database operation.
pub const DATABASE_TIMEOUT: Duration = Duration::from_secs(30);
/// The number of rows that one statement removes.
const BATCH: i64 = 500;
/// The number of rows of a workspace that are skipped in one round because they cannot be removed.
const MAX_SKIPPED: i64 = 100;
/// The longest pause between two batches.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Finds the workspaces with rows older than a time, each with the time of its oldest row.
type Overdue = for<'c> fn(
    &'c mut PgConnection,
    DateTime<Utc>,
) -> BoxFuture<'c, Result<Vec<(Uuid, DateTime<Utc>)>, sqlx::Error>>;
/// Removes rows of a workspace that are older than a time, and returns their number. The pair is the number of rows to
/// skip and the maximum number to remove.
type Purge = for<'c> fn(
    &'c mut PgConnection,
    Uuid,
    DateTime<Utc>,
    (i64, i64),
) -> BoxFuture<'c, Result<u64, sqlx::Error>>;

/// The retention of one kind of rows.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// The value of the metric's label.
    pub name: &'static str,
    pub kept: TimeDelta,
    /// The message of the log line if rows cannot be removed.
    pub failure_message: &'static str,
    pub overdue: Overdue,
    pub purge: Purge,
}

impl Retention {
    /// Removes expired rows until none are left or [`TIME_BUDGET`] has passed: one batch of each workspace in turn.
    /// Returns whether rows may be left.
    ///
    /// # Errors
    /// Returns the database error if the workspaces cannot be read or the database is unreachable.
    pub async fn enforce(
        &self,
        database: &Database,
        metrics: &Metrics,
    ) -> Result<bool, DatabaseError> {
        let until = Instant::now() + TIME_BUDGET;
        let before = now().checked_sub_signed(self.kept);
        let before = before.unwrap_or(DateTime::<Utc>::MIN_UTC);
        let overdue = self.overdue(database, metrics, before).await?;
        let mut queue: VecDeque<_> = overdue.into_iter().map(ExpiredRows::new).collect();
        let mut has_more = false;
        while let Some(mut rows) = queue.pop_front() {
            let begun = Instant::now();
            if begun >= until {
                has_more = true;
                break;
            }
            if rows.remove_batch(self, database, before).await? {
                queue.push_back(rows);
            }
            // Leaves the database at least half of the time for other work.
            sleep(begun.elapsed().min(MAX_PAUSE)).await;
        }
        self.overdue(database, metrics, before).await?;
        Ok(has_more)
    }

    /// Returns the workspaces with expired rows. Sets the metric to how long ago the oldest row expired.
    async fn overdue(
        &self,
        database: &Database,
        metrics: &Metrics,
        before: DateTime<Utc>,
    ) -> Result<Vec<Uuid>, DatabaseError> {
        let overdue = self.overdue;
        let found = database.read(
            Deadline::after(DATABASE_TIMEOUT),
            before,
            move |connection, before| overdue(connection, *before),
        );
        let found = found.await?;
        let oldest = found.iter().map(|(_, oldest)| *oldest).min();
        let lag = oldest.map(|oldest| (before - oldest).to_std().unwrap_or_default());
        metrics.set_purge_lag(self.name, Some(lag.unwrap_or_default()));
        Ok(found
            .into_iter()
            .map(|(workspace_id, _)| workspace_id)
            .collect())
    }
}

/// The expired rows of one workspace.
#[derive(Debug)]
struct ExpiredRows {
    workspace_id: Uuid,
    /// The number of rows that could not be removed.
    skip: i64,
    /// The size of the next batch.
    batch: i64,
}

impl ExpiredRows {
    fn new(workspace_id: Uuid) -> Self {
        Self {
            workspace_id,
            skip: 0,
            batch: BATCH,
        }
    }

    /// Removes a batch. Returns whether more rows may be left. After a failure the next batch is one row, and batches
    /// grow again after that: a row that cannot be removed alone is skipped, and does not block the others.
    async fn remove_batch(
        &mut self,
        retention: &Retention,
        database: &Database,
        before: DateTime<Utc>,
    ) -> Result<bool, DatabaseError> {
        let (workspace_id, purge) = (self.workspace_id, retention.purge);
        let range = (self.skip, self.batch);
        let removed = database.transaction(
            Deadline::after(DATABASE_TIMEOUT),
            (),
            move |connection, _| -> BoxFuture<'_, Result<u64, DatabaseError>> {
                Box::pin(async move { Ok(purge(connection, workspace_id, before, range).await?) })
            },
        );
        match removed.await {
            Ok(removed) => {
                let is_full = removed >= self.batch.unsigned_abs();
                self.batch = (self.batch * 2).min(BATCH);
                Ok(is_full)
            }
            Err(error @ DatabaseError::Unavailable(_))
                if !failure::is_reachable(database).await =>
            {
                Err(error)
            }
            Err(error) => {
                if self.batch == 1 {
                    failure::log(retention.failure_message, error);
                    self.skip += 1;
                }
                self.batch = 1;
                Ok(self.skip < MAX_SKIPPED)
            }
        }
    }
}
