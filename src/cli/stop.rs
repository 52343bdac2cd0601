//! Stopping a server.

use std::future::Future;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::error_chain;
use crate::app;
use crate::state::AppState;

/// Serves until the first signal. Then finishes the accepted requests and the work in the database, and returns. The
/// second signal ends the server at once.
///
/// # Errors
/// Returns one line if the listener fails or a second signal arrives.
pub async fn serve_until_signal(
    listener: TcpListener,
    state: AppState,
    stop_workers: impl Future<Output = ()>,
    mut signals: Signals,
) -> Result<(), String> {
    let (stop, stopped) = oneshot::channel();
    let second_signal = async move {
        signals.next().await;
        // Fails if the server has ended already.
        let _ = stop.send(());
        signals.next().await;
    };
    let router = app::router(app::operations(), state.clone()).map_err(error_chain)?;
    let serving = async {
        let stopped = async move { drop(stopped.await) };
        let served = app::serve(listener, router, state.clone(), stopped).await;
        stop_workers.await;
        // A unit of work outlives its client and holds its connection until its deadline.
        let closed = tokio::time::timeout(state.limits.request, state.database.close());
        if closed.await.is_err() {
            tracing::warn!("the server stopped before all work in the database had ended");
        }
        served.map_err(error_chain)
    };
    tokio::select! {
        served = serving => served,
        () = second_signal => {
            Err("received a second signal: requests in flight were not finished".to_owned())
        }
    }
}

/// The signals that stop a server: SIGTERM and SIGINT.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Installs the handlers. From now on these signals do not end the process by themselves.
    ///
    /// # Errors
    /// Returns an error if the operating system refuses a handler.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}
