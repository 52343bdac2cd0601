//! Sealing activities.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::failure;
use crate::activities;
use crate::clock::now;
use crate::db::{Database, DatabaseError, Deadline};

/// The pause between two rounds, unless activities are left.
const INTERVAL: Duration = Duration::from_secs(3);
/// The deadline of each database operation.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(30);
/// The delay before a workspace is tried again after a failure.
const RETRY_DELAY: Duration = Duration::from_secs(60);
/// The message of the log line if sealing fails.
const FAILURE_MESSAGE: &str = "activities could not be sealed";

/// Seals activities every few seconds until `stop` resolves.
pub async fn seal(database: Database, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    let mut deferred = HashMap::new();
    loop {
        // A seal that is already running ends by itself.
        let has_more = tokio::select! {
            biased;
            () = &mut stop => return,
            has_more = seal_each_workspace(&database, &mut deferred) => has_more,
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

/// Adds one seal to each workspace with unsealed activities, so that a workspace with many of them does not delay the
/// others. After a failure a workspace is skipped for [`RETRY_DELAY`]. Returns whether unsealed activities may be left.
async fn seal_each_workspace(database: &Database, deferred: &mut HashMap<Uuid, Instant>) -> bool {
    deferred.retain(|_, until| *until > Instant::now());
    let unsealed = database.read(Deadline::after(DATABASE_TIMEOUT), (), |connection, _| {
        Box::pin(activities::unsealed(connection))
    });
    let workspaces = match unsealed.await {
        Ok(workspaces) => workspaces,
        Err(error) => {
            failure::log(FAILURE_MESSAGE, error);
            return false;
        }
    };
    let mut has_more = false;
    for workspace_id in workspaces {
        if deferred.contains_key(&workspace_id) {
            continue;
        }
        let deadline = Deadline::after(DATABASE_TIMEOUT);
        let sealed = database.transaction(deadline, (), move |connection, _| {
            Box::pin(activities::seal_next(connection, workspace_id, now()))
        });
        match sealed.await {
            Ok(is_full) => has_more |= is_full,
            Err(error) => {
                let is_unavailable = matches!(error, DatabaseError::Unavailable(_));
                failure::log(FAILURE_MESSAGE, error);
                if is_unavailable && !failure::is_reachable(database).await {
                    return false;
                }
                deferred.insert(workspace_id, Instant::now() + RETRY_DELAY);
            }
        }
    }
    has_more
}
