//! Serving connections, and ending them so that nobody is cut.

use std::future::Future;
use std::io::ErrorKind;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_http::normalize_path::NormalizePath;

use super::connections::Connections;
use crate::state::AppState;

/// How long requests in flight may take to end, beyond the time that any request has.
const DRAIN: Duration = Duration::from_secs(5);
/// How many connections are open for each request that may be in flight. Those beyond them wait
/// where the kernel keeps them: a client that connects and says nothing costs memory and a file
/// descriptor, and is closed after the time of a request.
const CONNECTIONS: usize = 4;
/// The most connections that are taken from the kernel when the listener closes: what its queue
/// holds at the most. Without a bound, clients that go on connecting would put the end off.
const QUEUE: usize = 1024;

/// Serves until `stop` resolves, and then ends so that what was accepted is answered:
/// from that moment on the server is not ready and each answer says that it is the last of its
/// connection; after the grace of the limits the listener closes, and with it what is idle; requests
/// in flight end, or their time does.
///
/// # Errors
/// None of a single connection; only the listener's.
pub async fn serve(
    listener: TcpListener,
    router: NormalizePath<Router>,
    state: AppState,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let limits = state.limits;
    let connections = Connections::new(router, limits.request);
    let slots = Arc::new(Semaphore::new(
        limits
            .in_flight
            .saturating_mul(CONNECTIONS)
            .min(Semaphore::MAX_PERMITS),
    ));
    let mut stop = std::pin::pin!(async {
        stop.await;
        tracing::info!("stopping");
        state.stopping.begin();
        tokio::time::sleep(limits.grace).await;
    });
    loop {
        tokio::select! {
            (stream, slot) = accepted(&listener, &slots) => connections.open(stream, slot),
            () = &mut stop => break,
        }
    }
    for stream in queued(listener.into_std()?)? {
        connections.open(stream, None);
    }
    let closed = connections.close();
    if tokio::time::timeout(limits.request + DRAIN, closed)
        .await
        .is_err()
    {
        tracing::warn!("requests were still in flight when the server stopped");
    }
    Ok(())
}

/// The next connection, and its slot: there is always one, since nobody closes the semaphore.
/// Dropped before it resolves, it loses no connection.
async fn accepted(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    loop {
        let slot = Arc::clone(slots).acquire_owned().await.ok();
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            Err(error) => {
                // Out of file descriptors, mostly: others may close before the next try.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// What the kernel has accepted for a listener that nobody asks any more.
fn queued(listener: StdListener) -> std::io::Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for _ in 0..QUEUE {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                streams.push(TcpStream::from_std(stream)?);
            }
            // The queue is empty: tokio has made the listener one that does not wait.
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // Of one connection, which its client has given up, mostly.
            Err(error) => tracing::warn!(%error, "a connection was not accepted"),
        }
    }
    Ok(streams)
}
