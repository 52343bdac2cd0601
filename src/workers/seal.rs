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

/// How often new activities are sealed.
const SEAL: Duration = Duration::from_secs(3);
/// How long one seal may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a workspace that could not be sealed is left alone.
const PUT_OFF: Duration = Duration::from_secs(60);
/// What is logged where sealing failed.
const UNSEALED: &str = "activities could not be sealed";

/// Seals activities every few seconds until `stop` resolves.
pub async fn seal(database: Database, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    let mut put_off = HashMap::new();
    loop {
        // A seal that is under way ends by itself.
        let is_more = tokio::select! {
            biased;
            () = &mut stop => return,
            is_more = seal_each(&database, &mut put_off) => is_more,
        };
        if !is_more {
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = sleep(SEAL) => {}
            }
        }
    }
}

/// Makes one seal in each workspace that has activities without one, so that a long chain does not hold up
/// the others, and a failing one does so once a minute at the most. Whether there is more to seal.
async fn seal_each(database: &Database, put_off: &mut HashMap<Uuid, Instant>) -> bool {
    put_off.retain(|_, until| *until > Instant::now());
    let unsealed = database.read(Deadline::after(PATIENCE), (), |connection, _| {
        Box::pin(activities::unsealed(connection))
    });
    let workspaces = match unsealed.await {
        Ok(workspaces) => workspaces,
        Err(error) => {
            failure::log(UNSEALED, error);
            return false;
        }
    };
    let mut is_more = false;
    for workspace_id in workspaces {
        if put_off.contains_key(&workspace_id) {
            continue;
        }
        let deadline = Deadline::after(PATIENCE);
        let sealed = database.transaction(deadline, (), move |connection, _| {
            Box::pin(activities::seal_next(connection, workspace_id, now()))
        });
        match sealed.await {
            Ok(has_more) => is_more |= has_more,
            Err(error) => {
                let is_unavailable = matches!(error, DatabaseError::Unavailable(_));
                failure::log(UNSEALED, error);
                if is_unavailable && !failure::is_reachable(database).await {
                    return false;
                }
                put_off.insert(workspace_id, Instant::now() + PUT_OFF);
            }
        }
    }
    is_more
}
