//! The delivery worker. Each process may run one.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;

use super::attempt;
use super::deliverer::Deliverer;
use super::slots::DeliverySlots;
use crate::db::Database;
use crate::destinations::Destinations;
use crate::events::ChangeRecorder;

/// How often the database is checked for retries and for the events of other processes.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Delivers until `stop` resolves, then waits for the running attempts, at most 15 s.
///
/// # Errors
/// Returns `reqwest::Error` if the HTTP client cannot be created.
pub async fn deliver(
    database: Database,
    recorder: ChangeRecorder,
    destinations: Destinations,
    stop: impl Future<Output = ()>,
) -> Result<(), reqwest::Error> {
    let deliverer = Deliverer::new(database, destinations)?;
    let mut stop = std::pin::pin!(stop);
    let mut running = JoinSet::new();
    let mut slots = DeliverySlots::default();
    loop {
        while let Some(ended) = running.try_join_next_with_id() {
            slots.end(ended);
        }
        // Checked in each turn: while deliveries are due, the loop never reaches the wait below.
        tokio::select! {
            biased;
            () = &mut stop => break,
            () = std::future::ready(()) => {}
        }
        let claimed = match deliverer.claim(&slots).await {
            Ok(claimed) => claimed,
            Err(problem) => {
                let cause = problem.cause().unwrap_or_default();
                tracing::warn!(cause, "due deliveries could not be claimed");
                Vec::new()
            }
        };
        if claimed.is_empty() {
            tokio::select! {
                () = &mut stop => break,
                () = recorder.wait_for_deliveries() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                Some(ended) = running.join_next_with_id() => slots.end(ended),
            }
        }
        for (claimed, row) in claimed {
            let (workspace_id, webhook_id) = (claimed.workspace_id, claimed.webhook_id);
            let task = running.spawn(deliverer.clone().deliver(claimed, row)).id();
            slots.begin(task, workspace_id, webhook_id);
        }
    }
    // What does not end in time is delivered again, by any process, when its lease ends.
    let rest = async { while running.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(attempt::TIMEOUT, rest).await;
    Ok(())
}
