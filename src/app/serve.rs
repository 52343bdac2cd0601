//! Serving connections, and ending them so that nobody is cut.

use std::future::Future;
use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use axum::Router;
use nix::errno::Errno;
use tokio::net::{TcpListener, TcpStream};
use tower_http::normalize_path::NormalizePath;

use super::connections::Connections;
use super::open_files;
use crate::http::{Client, Limits, Slots};
use crate::state::AppState;

/// How long requests in flight may take to end, beyond the time that any request has.
const DRAIN: Duration = Duration::from_secs(5);
/// How many connections are open for each request that may be in flight: a client that connects and
/// sends nothing costs memory and a file descriptor. One more displaces one that waits for its client.
const CONNECTIONS: usize = 4;
/// The fewest connections that are open, however few files the system lets a process open.
const FEWEST: usize = 16;
/// How many files are open besides: connections to the database and to receivers of webhooks, logs.
const OTHER_FILES: usize = 192;
/// How long the server waits for a file to be closed when it has opened all that it may.
const PAUSE: Duration = Duration::from_millis(10);
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
    let slots = Slots::new(connections_at_most(limits));
    let open = |stream, peer: SocketAddr| {
        let client = Client::from(peer.ip());
        connections.open(stream, client, slots.take(client));
    };
    let mut stop = std::pin::pin!(async {
        stop.await;
        tracing::info!("stopping");
        state.stopping.begin();
        tokio::time::sleep(limits.grace).await;
    });
    loop {
        tokio::select! {
            (stream, peer) = accepted(&listener, &slots) => open(stream, peer),
            () = &mut stop => break,
        }
    }
    for (stream, peer) in queued(listener.into_std()?)? {
        open(stream, peer);
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

/// How many connections are open at the most: each needs a file.
fn connections_at_most(limits: Limits) -> usize {
    let wanted = limits.in_flight.saturating_mul(CONNECTIONS);
    let files = open_files::allow(wanted.saturating_add(OTHER_FILES));
    let most = wanted.min(files.saturating_sub(OTHER_FILES).max(FEWEST));
    if most < wanted {
        tracing::warn!(
            most,
            wanted,
            "the limit of open files allows fewer connections"
        );
    }
    most
}

/// The next connection, once there is room for it. Dropped before it resolves, it loses none.
async fn accepted(listener: &TcpListener, slots: &Slots) -> (TcpStream, SocketAddr) {
    loop {
        slots.room().await;
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                if has_no_file(&error) {
                    slots.displace();
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Whether the process or the system has opened all the files that it may.
fn has_no_file(error: &Error) -> bool {
    let code = error.raw_os_error().map(Errno::from_raw);
    matches!(
        code,
        Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM)
    )
}

/// What the kernel has accepted for a listener that nobody asks any more.
fn queued(listener: StdListener) -> std::io::Result<Vec<(TcpStream, SocketAddr)>> {
    let mut streams = Vec::new();
    for _ in 0..QUEUE {
        match listener.accept() {
            Ok((stream, peer)) => {
                stream.set_nonblocking(true)?;
                streams.push((TcpStream::from_std(stream)?, peer));
            }
            // The queue is empty: tokio has made the listener one that does not wait.
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // Of one connection, which its client has given up, mostly.
            Err(error) => tracing::warn!(%error, "a connection was not accepted"),
        }
    }
    Ok(streams)
}
