//! The slot of a request in flight, which its units of work share.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

tokio::task_local! {
    static CURRENT: InFlight;
}

/// The slot of a request in flight. It is free when the request and all its units of work have ended: a client that
/// disconnects ends the request, but not its units of work.
#[derive(Debug, Clone)]
pub struct InFlight {
    _slot: Arc<dyn Debug + Send + Sync>,
}

impl InFlight {
    /// Wraps a slot, which is held while a clone exists.
    pub fn new(slot: Arc<dyn Debug + Send + Sync>) -> Self {
        Self { _slot: slot }
    }

    /// Holds the slot while `work` runs. The units of work that it starts inherit the slot.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Returns the slot of the current task.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Wraps `work` for another task, so that it holds the slot of the current task.
    pub(super) fn inherit<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let slot = Self::current();
        async move {
            match slot {
                Some(slot) => slot.scope(work).await,
                None => work.await,
            }
        }
    }
}
