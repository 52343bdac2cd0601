//! How a server ends.

use std::future::Future;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::told;
use crate::app;
use crate::state::AppState;

/// Serves until the first signal, and then until what it has accepted is answered and what it has
/// begun in the database has ended. The second signal ends it at once.
///
/// # Errors
/// One line, of the listener or of the second signal.
pub async fn until_told(
    listener: TcpListener,
    state: AppState,
    workers_end: impl Future<Output = ()>,
    mut signals: Signals,
) -> Result<(), String> {
    let (stop, stopped) = oneshot::channel();
    let twice = async move {
        signals.next().await;
        // The server may have ended by itself.
        let _ = stop.send(());
        signals.next().await;
    };
    let router = app::router(app::operations(), state.clone()).map_err(super::told)?;
    let serving = async {
        let stopped = async move { drop(stopped.await) };
        let served = app::serve(listener, router, state.clone(), stopped).await;
        workers_end.await;
        // Units of work outlive their client, and hold their connection until their own deadline.
        let closed = tokio::time::timeout(state.limits.request, state.database.close());
        if closed.await.is_err() {
            tracing::warn!("the database was still at work when the server stopped");
        }
        served.map_err(told)
    };
    tokio::select! {
        served = serving => served,
        () = twice => Err("told to stop twice: requests in flight were not waited for".to_owned()),
    }
}

/// What tells a server to stop: SIGTERM and SIGINT.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on no signal ends the process by itself.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next of them.
    pub async fn next(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}
