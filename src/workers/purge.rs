//! Removing what has outlived its retention.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::failure;
use crate::clock::now;
use crate::db::{Database, DatabaseError, Deadline};
use crate::idempotency;
use crate::metrics::Metrics;
use crate::webhooks;

/// How often old rows are looked for, once none are left.
const ROUND: Duration = Duration::from_secs(60);
/// How long the rows of one kind are removed before those of the next have their turn.
const BUDGET: Duration = Duration::from_secs(20);
/// How long events and the logs of their deliveries are kept.
const EVENTS_KEPT: TimeDelta = TimeDelta::days(30);
/// How long the lease of a batch is kept after its end.
const LEASES_KEPT: TimeDelta = TimeDelta::hours(1);
/// How many rows one statement removes.
const BATCH: i64 = 500;
/// How many rows of a workspace that cannot be removed are passed over in one round.
const SKIPPED: i64 = 100;
/// How long one batch may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest pause between two batches.
const PAUSE: Duration = Duration::from_secs(1);

/// The workspaces with rows from before a moment, each with that of its first one.
type Overdue = for<'c> fn(
    &'c mut PgConnection,
    DateTime<Utc>,
) -> BoxFuture<'c, Result<Vec<(Uuid, DateTime<Utc>)>, sqlx::Error>>;
/// Removes rows of a workspace from before a moment: after the first so many, up to so many.
type Purge = for<'c> fn(
    &'c mut PgConnection,
    Uuid,
    DateTime<Utc>,
    (i64, i64),
) -> BoxFuture<'c, Result<u64, sqlx::Error>>;

/// One kind of rows that are kept for a while.
#[derive(Debug, Clone, Copy)]
struct Kind {
    /// What the metric calls it.
    name: &'static str,
    kept: TimeDelta,
    /// What is logged where some could not be removed.
    otherwise: &'static str,
    overdue: Overdue,
    purge: Purge,
}

/// Removes keys and events that are old enough, and what deleted webhooks leave, until `stop` resolves. Keys are
/// kept for `keys_kept`.
pub async fn purge(
    database: Database,
    metrics: Metrics,
    keys_kept: Duration,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let kinds = kinds(TimeDelta::from_std(keys_kept).unwrap_or(TimeDelta::MAX));
    loop {
        // A batch that is under way ends by itself.
        let is_behind = tokio::select! {
            biased;
            () = &mut stop => return,
            is_behind = round(&kinds, &database, &metrics) => is_behind,
        };
        if !is_behind {
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = sleep(ROUND) => {}
            }
        }
    }
}

fn kinds(keys_kept: TimeDelta) -> [Kind; 2] {
    [
        Kind {
            name: "idempotency_keys",
            kept: keys_kept,
            otherwise: "idempotency keys could not be removed",
            overdue: |connection, before| Box::pin(idempotency::overdue(connection, before)),
            purge: |connection, workspace_id, before, part| {
                Box::pin(idempotency::purge(connection, workspace_id, before, part))
            },
        },
        Kind {
            name: "events",
            kept: EVENTS_KEPT,
            otherwise: "events could not be removed",
            overdue: |connection, before| Box::pin(webhooks::overdue(connection, before)),
            purge: |connection, workspace_id, before, part| {
                Box::pin(webhooks::purge(connection, workspace_id, before, part))
            },
        },
    ]
}

/// One turn of each kind; whether there is more to remove than there was time for.
async fn round(kinds: &[Kind], database: &Database, metrics: &Metrics) -> bool {
    let mut is_behind = false;
    for kind in kinds {
        match kind.remove(database, metrics).await {
            Ok(has_more) => is_behind |= has_more,
            Err(error) => {
                metrics.set_purge_lag(kind.name, None);
                failure::log(kind.otherwise, error);
            }
        }
    }
    forget_deleted_webhooks(database).await;
    remove_old_leases(database).await;
    is_behind
}

impl Kind {
    /// Removes the rows that are old, a batch of each workspace in turn, until there is none or the time is over.
    /// Whether there is more.
    async fn remove(&self, database: &Database, metrics: &Metrics) -> Result<bool, DatabaseError> {
        let until = Instant::now() + BUDGET;
        let before = now().checked_sub_signed(self.kept);
        let before = before.unwrap_or(DateTime::<Utc>::MIN_UTC);
        let overdue = self.overdue(database, metrics, before).await?;
        let mut parts: VecDeque<_> = overdue.into_iter().map(Part::of).collect();
        let mut has_more = false;
        while let Some(mut part) = parts.pop_front() {
            let begun = Instant::now();
            if begun >= until {
                has_more = true;
                break;
            }
            if part.remove(self, database, before).await? {
                parts.push_back(part);
            }
            // Half of the time the connection, and what the database does for it, is somebody else's.
            sleep(begun.elapsed().min(PAUSE)).await;
        }
        self.overdue(database, metrics, before).await?;
        Ok(has_more)
    }

    /// The workspaces with old rows, and in the metric by how much the first of all is too old.
    async fn overdue(
        &self,
        database: &Database,
        metrics: &Metrics,
        before: DateTime<Utc>,
    ) -> Result<Vec<Uuid>, DatabaseError> {
        let overdue = self.overdue;
        let found = database.read(
            Deadline::after(PATIENCE),
            before,
            move |connection, before| overdue(connection, *before),
        );
        let found = found.await?;
        let first = found.iter().map(|(_, first)| *first).min();
        let lag = first.map(|first| (before - first).to_std().unwrap_or_default());
        metrics.set_purge_lag(self.name, Some(lag.unwrap_or_default()));
        Ok(found
            .into_iter()
            .map(|(workspace_id, _)| workspace_id)
            .collect())
    }
}

/// What is still to be removed of one workspace.
#[derive(Debug)]
struct Part {
    workspace_id: Uuid,
    /// How many rows are passed over, since they could not be removed.
    skip: i64,
    /// How many are removed at once.
    most: i64,
}

impl Part {
    fn of(workspace_id: Uuid) -> Self {
        Self {
            workspace_id,
            skip: 0,
            most: BATCH,
        }
    }

    /// Removes a batch; whether there may be more. Where it fails, the next one is of one row, and grows again: a row
    /// that cannot be removed, by itself at last, is passed over, and stops none of the others.
    async fn remove(
        &mut self,
        kind: &Kind,
        database: &Database,
        before: DateTime<Utc>,
    ) -> Result<bool, DatabaseError> {
        let (workspace_id, part, purge) = (self.workspace_id, (self.skip, self.most), kind.purge);
        let removed = database.transaction(
            Deadline::after(PATIENCE),
            (),
            move |connection, _| -> BoxFuture<'_, Result<u64, DatabaseError>> {
                Box::pin(async move { Ok(purge(connection, workspace_id, before, part).await?) })
            },
        );
        match removed.await {
            Ok(removed) => {
                let is_full = removed >= self.most.unsigned_abs();
                self.most = (self.most * 2).min(BATCH);
                Ok(is_full)
            }
            Err(error @ DatabaseError::Unavailable(_))
                if !failure::is_reachable(database).await =>
            {
                Err(error)
            }
            Err(error) => {
                if self.most == 1 {
                    failure::log(kind.otherwise, error);
                    self.skip += 1;
                }
                self.most = 1;
                Ok(self.skip < SKIPPED)
            }
        }
    }
}

/// Removes the leases of batches whose server has ended, and which nobody took over.
async fn remove_old_leases(database: &Database) {
    let before = now() - LEASES_KEPT;
    let removed = database.transaction(
        Deadline::after(PATIENCE),
        before,
        |connection, before| -> BoxFuture<'_, Result<(), DatabaseError>> {
            Box::pin(
                async move { Ok(idempotency::remove_expired_leases(connection, *before).await?) },
            )
        },
    );
    if let Err(error) = removed.await {
        failure::log("leases of batches could not be removed", error);
    }
}

/// Ends the deliveries of deleted webhooks, and removes those that were deleted long ago, each by itself.
async fn forget_deleted_webhooks(database: &Database) {
    const OTHERWISE: &str = "a deleted webhook could not be removed";
    let before = now() - EVENTS_KEPT;
    let deleted = database.read(Deadline::after(PATIENCE), before, |connection, before| {
        Box::pin(webhooks::deleted(connection, *before))
    });
    let deleted = match deleted.await {
        Ok(deleted) => deleted,
        Err(error) => return failure::log(OTHERWISE, error),
    };
    for (workspace_id, webhook_id) in deleted {
        let until = Instant::now() + BUDGET;
        loop {
            let deadline = Deadline::after(PATIENCE);
            let forget = database.transaction(
                deadline,
                (),
                move |connection, _| -> BoxFuture<'_, Result<bool, DatabaseError>> {
                    Box::pin(async move {
                        let now = now();
                        let forget = webhooks::forget_deleted(
                            connection,
                            workspace_id,
                            webhook_id,
                            now,
                            before,
                        );
                        Ok(forget.await?)
                    })
                },
            );
            match forget.await {
                Ok(true) if Instant::now() < until => {}
                Ok(_) => break,
                Err(error @ DatabaseError::Unavailable(_))
                    if !failure::is_reachable(database).await =>
                {
                    return failure::log(OTHERWISE, error);
                }
                Err(error) => {
                    failure::log(OTHERWISE, error);
                    break;
                }
            }
        }
    }
}
