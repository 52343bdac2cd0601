//! Starting and stopping.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::purge::purge;
use super::seal::seal;
use crate::db::Database;
use crate::state::AppState;
use crate::webhooks;

/// How long workers have to end once they are told to stop: the time of an attempt of a delivery, and a little
/// for what becomes of it.
const STOP: Duration = Duration::from_secs(18);

/// The workers of one server.
#[derive(Debug)]
pub struct Workers {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

/// Starts them over connections of their own, so that they never keep a request waiting for one.
/// The answers of idempotency keys are kept for `keys_kept`.
pub fn start(state: &AppState, database: &Database, keys_kept: Duration) -> Workers {
    let (stop, stopped) = watch::channel(false);
    let mut running = JoinSet::new();
    let (events, destinations) = (state.events.clone(), state.destinations.clone());
    let deliver = webhooks::deliver(
        database.clone(),
        events,
        destinations,
        ended(stopped.clone()),
    );
    running.spawn(async move {
        if let Err(error) = deliver.await {
            tracing::error!(%error, "webhooks are not delivered");
        }
    });
    running.spawn(seal(database.clone(), ended(stopped.clone())));
    let metrics = state.metrics.clone();
    running.spawn(purge(database.clone(), metrics, keys_kept, ended(stopped)));
    Workers { stop, running }
}

impl Workers {
    /// Lets them end what they are at: they begin nothing new, and what has not ended after some seconds is
    /// given up. Another server does it then.
    pub async fn stop(mut self) {
        // Nobody listens where all have ended already.
        let _ = self.stop.send(true);
        let ended = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP, ended).await.is_err() {
            tracing::warn!("workers were still at work when the server stopped");
        }
    }
}

async fn ended(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone has stopped as well.
    let _ = stopped.wait_for(|it| *it).await;
}
