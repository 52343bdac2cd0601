//! Starting and stopping workers.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::purge::purge;
use super::seal::seal;
use crate::db::Database;
use crate::state::AppState;
use crate::webhooks;

/// The time for workers to stop: the timeout of a delivery attempt, and 3 s to store its result.
const STOP_TIMEOUT: Duration = Duration::from_secs(18);

/// The workers of one server.
#[derive(Debug)]
pub struct Workers {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

/// Starts the workers. `database` must be a pool of their own, so that requests never wait for their connections.
/// Idempotency keys are kept for `keys_kept`.
pub fn start(state: &AppState, database: &Database, keys_kept: Duration) -> Workers {
    let (stop, stopped) = watch::channel(false);
    let mut running = JoinSet::new();
    let (recorder, destinations) = (state.recorder.clone(), state.destinations.clone());
    let deliver = webhooks::deliver(
        database.clone(),
        recorder,
        destinations,
        ended(stopped.clone()),
    );
    running.spawn(async move {
        if let Err(error) = deliver.await {
            tracing::error!(%error, "the delivery worker could not be started");
        }
    });
    running.spawn(seal(database.clone(), ended(stopped.clone())));
    let metrics = state.metrics.clone();
    running.spawn(purge(database.clone(), metrics, keys_kept, ended(stopped)));
    Workers { stop, running }
}

impl Workers {
    /// Stops the workers: they finish running steps and start no others. Steps that do not end within
    /// 18 s are dropped; they are repeated by another server, or after the next start.
    pub async fn stop(mut self) {
        // Fails if all workers have already ended.
        let _ = self.stop.send(true);
        let ended = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIMEOUT, ended).await.is_err() {
            tracing::warn!("workers did not stop in time");
        }
    }
}

async fn ended(mut stopped: watch::Receiver<bool>) {
    // A dropped sender also means stop.
    let _ = stopped.wait_for(|it| *it).await;
}
