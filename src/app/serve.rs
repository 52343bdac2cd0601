//! Serving connections, and ending them so that nobody is cut.

use std::future::Future;
use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use axum::Router;
use nix::errno::Errno;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tower_http::normalize_path::NormalizePath;

use super::connections::Connections;
use crate::http::{Client, Slots};
use crate::state::AppState;

/// How long requests in flight may take to end, beyond the time that any request has.
const DRAIN: Duration = Duration::from_secs(5);
/// How many connections are open for each request that may be in flight: a client that connects and
/// sends nothing costs memory and a file descriptor. One more displaces one that waits for its client;
/// as more connections than requests are open, there always is one.
pub(super) const CONNECTIONS: usize = 4;
/// How long the server waits for a file to be closed when it has opened all that it may.
const PAUSE: Duration = Duration::from_millis(10);
/// How many connections the kernel accepts before the server takes them, as far as the system allows
/// it (`net.core.somaxconn`); the most that are taken from it when the listener closes. Without a
/// bound, clients that go on connecting would put the end off.
const QUEUE: u32 = 4096;

/// How many bytes of a response the kernel keeps for a client that does not read them. Left to itself it
/// keeps up to 4 MiB: gigabytes for all connections, which take seconds to fill.
const UNREAD: u32 = 64 * 1024;

/// Listens at an address.
///
/// # Errors
/// Those of the system: the address is taken, is not one of this machine, or is not permitted.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that starts again is not kept waiting by connections of the last one.
    socket.set_reuseaddr(true)?;
    // Accepted connections have it from here.
    socket.set_send_buffer_size(UNREAD)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

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
    let slots = Slots::new(limits.in_flight.saturating_mul(CONNECTIONS));
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
