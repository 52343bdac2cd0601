//! Removal of old rows and of deleted webhooks.

use std::future::Future;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::expired_rows::{DATABASE_TIMEOUT, Retention, TIME_BUDGET};
use super::failure;
use crate::clock::now;
use crate::db::{Database, DatabaseError, Deadline};
use crate::idempotency;
use crate::metrics::Metrics;
use crate::webhooks;

/// The pause between two rounds, unless rows are left.
const INTERVAL: Duration = Duration::from_secs(60);
/// How long events and the logs of their deliveries are kept.
const EVENT_RETENTION: TimeDelta = TimeDelta::days(30);
/// How long the lease of a batch is kept after its end.
const LEASE_RETENTION: TimeDelta = TimeDelta::hours(1);

/// Removes old idempotency keys, events, batch leases and deleted webhooks until `stop` resolves. Keys are kept for
/// `keys_kept`.
pub async fn purge(
    database: Database,
    metrics: Metrics,
    keys_kept: Duration,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let retentions = retentions(TimeDelta::from_std(keys_kept).unwrap_or(TimeDelta::MAX));
    loop {
        // A batch that is already running ends by itself.
        let has_more = tokio::select! {
            biased;
            () = &mut stop => return,
            has_more = run_round(&retentions, &database, &metrics) => has_more,
        };
        if !has_more {
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = sleep(INTERVAL) => {}
            }
        }
    }
}

fn retentions(keys_kept: TimeDelta) -> [Retention; 2] {
    [
        Retention {
            name: "idempotency_keys",
            kept: keys_kept,
            failure_message: "idempotency keys could not be removed",
            overdue: |connection, before| Box::pin(idempotency::overdue(connection, before)),
            purge: |connection, workspace_id, before, range| {
                Box::pin(idempotency::purge(connection, workspace_id, before, range))
            },
        },
        Retention {
            name: "events",
            kept: EVENT_RETENTION,
            failure_message: "events could not be removed",
            overdue: |connection, before| Box::pin(webhooks::overdue(connection, before)),
            purge: |connection, workspace_id, before, range| {
                Box::pin(webhooks::purge(connection, workspace_id, before, range))
            },
        },
    ]
}

/// Runs each step once. Returns whether expired rows may be left.
async fn run_round(retentions: &[Retention], database: &Database, metrics: &Metrics) -> bool {
    let mut has_more = false;
    for retention in retentions {
        match retention.enforce(database, metrics).await {
            Ok(is_behind) => has_more |= is_behind,
            Err(error) => {
                metrics.set_purge_lag(retention.name, None);
                failure::log(retention.failure_message, error);
            }
        }
    }
    purge_deleted_webhooks(database).await;
    remove_old_leases(database).await;
    has_more
}

/// Removes the leases of batches whose server has stopped, if no other server has taken them over.
async fn remove_old_leases(database: &Database) {
    let before = now() - LEASE_RETENTION;
    let removed = database.transaction(
        Deadline::after(DATABASE_TIMEOUT),
        before,
        |connection, before| -> BoxFuture<'_, Result<(), DatabaseError>> {
            Box::pin(
                async move { Ok(idempotency::remove_expired_leases(connection, *before).await?) },
            )
        },
    );
    if let Err(error) = removed.await {
        failure::log("batch leases could not be removed", error);
    }
}

/// Ends the pending deliveries of deleted webhooks, and removes webhooks that were deleted before the retention time.
async fn purge_deleted_webhooks(database: &Database) {
    const FAILURE_MESSAGE: &str = "a deleted webhook could not be removed";
    let before = now() - EVENT_RETENTION;
    let deleted = database.read(
        Deadline::after(DATABASE_TIMEOUT),
        before,
        |connection, before| Box::pin(webhooks::deleted(connection, *before)),
    );
    let deleted = match deleted.await {
        Ok(deleted) => deleted,
        Err(error) => return failure::log(FAILURE_MESSAGE, error),
    };
    for (workspace_id, webhook_id) in deleted {
        let until = Instant::now() + TIME_BUDGET;
        loop {
            let deadline = Deadline::after(DATABASE_TIMEOUT);
            let purge = database.transaction(
                deadline,
                (),
                move |connection, _| -> BoxFuture<'_, Result<bool, DatabaseError>> {
                    Box::pin(async move {
                        let now = now();
                        let purge = webhooks::purge_deleted(
                            connection,
                            workspace_id,
                            webhook_id,
                            now,
                            before,
                        );
                        Ok(purge.await?)
                    })
                },
            );
            match purge.await {
                Ok(true) if Instant::now() < until => {}
                Ok(_) => break,
                Err(error @ DatabaseError::Unavailable(_))
                    if !failure::is_reachable(database).await =>
                {
                    return failure::log(FAILURE_MESSAGE, error);
                }
                Err(error) => {
                    failure::log(FAILURE_MESSAGE, error);
                    break;
                }
            }
        }
    }
}
