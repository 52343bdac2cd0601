//! The worker that makes deliveries: any number of processes may run one each.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;

use super::delivery;
use super::slots::Slots;
use super::worker::Worker;
use crate::db::Database;
use crate::events::Events;
use crate::values::Destinations;

/// How often other processes' events and retries are looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Makes deliveries until `stop` resolves, and then ends those under way, for which they have the time of
/// one attempt.
///
/// # Errors
/// Only those of setting up.
pub async fn deliver(
    database: Database,
    events: Events,
    destinations: Destinations,
    stop: impl Future<Output = ()>,
) -> Result<(), reqwest::Error> {
    let worker = Worker::new(database, destinations)?;
    let mut stop = std::pin::pin!(stop);
    let mut under_way = JoinSet::new();
    let mut slots = Slots::default();
    loop {
        while let Some(ended) = under_way.try_join_next_with_id() {
            slots.end(ended);
        }
        // In each turn, since there is no other wait while the queues are full.
        tokio::select! {
            biased;
            () = &mut stop => break,
            () = std::future::ready(()) => {}
        }
        let claimed = match worker.claim(&slots).await {
            Ok(claimed) => claimed,
            Err(problem) => {
                let cause = problem.cause().unwrap_or_default();
                tracing::warn!(cause, "deliveries could not be looked for");
                Vec::new()
            }
        };
        if claimed.is_empty() {
            tokio::select! {
                () = &mut stop => break,
                () = events.awaited() => {}
                () = tokio::time::sleep(LOOK) => {}
                Some(ended) = under_way.join_next_with_id() => slots.end(ended),
            }
        }
        for (claimed, row) in claimed {
            let (workspace_id, webhook_id) = (claimed.workspace_id, claimed.webhook_id);
            let task = under_way.spawn(worker.clone().make(claimed, row)).id();
            slots.begin(task, workspace_id, webhook_id);
        }
    }
    // What does not end in time is delivered again by somebody else once its lease is over.
    let rest = async { while under_way.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(delivery::TIMEOUT, rest).await;
    Ok(())
}
