//! What a request holds until its units of work have ended.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

tokio::task_local! {
    static HELD: InFlight;
}

/// A request's place among those in flight. It is free again when the request and every unit of
/// work that it has begun have ended: a client that leaves ends the first and not the second.
#[derive(Debug, Clone)]
pub struct InFlight {
    _place: Arc<dyn Debug + Send + Sync>,
}

impl InFlight {
    /// A place for as long as anybody holds a clone of it.
    pub fn new(place: Arc<dyn Debug + Send + Sync>) -> Self {
        Self { _place: place }
    }

    /// Holds the place while `work` runs, and gives it to the units of work that it begins.
    pub async fn held_by<F: Future>(self, work: F) -> F::Output {
        HELD.scope(self, work).await
    }

    /// The place of the request whose task this is, if any.
    pub fn of_task() -> Option<Self> {
        HELD.try_with(Self::clone).ok()
    }

    /// `work` for a task of its own, with the place that the task holds which calls this, if any.
    pub(super) fn handed_on<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let held = Self::of_task();
        async move {
            match held {
                Some(held) => held.held_by(work).await,
                None => work.await,
            }
        }
    }
}
