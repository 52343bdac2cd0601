//! Accepting connections, and stopping without dropping requests.

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

/// Extra time for requests in flight when the server stops, after the request timeout.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum number of connections per concurrent request, because an idle connection costs memory and a file descriptor.
/// A further connection displaces one that waits for its client. There is always one, because there are more
/// connections than requests.
pub(super) const CONNECTIONS_PER_REQUEST: usize = 4;
/// How long the server waits for a file to be closed when the limit of open files is reached.
const PAUSE: Duration = Duration::from_millis(10);
/// Length of the kernel's queue of accepted connections, if the system allows it (`net.core.somaxconn`). Also the
/// maximum number of connections that are taken from the queue when the listener closes: without a limit, new clients
/// could delay the stop forever.
const QUEUE: u32 = 4096;

/// Size of the kernel's send buffer of a connection, in bytes. The default grows to 4 MiB for a client that does not
/// read, which is gigabytes for all connections.
const SEND_BUFFER: u32 = 64 * 1024;

/// Listens on an address.
///
/// # Errors
/// Returns the error of the system if the address is in use, is not an address of this machine, or is not permitted.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restarted server need not wait for the closed connections of the previous one.
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit this option.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Serves until `stop` resolves. Then the server reports that it is not ready, and each response closes its connection.
/// After the grace period, the listener and idle connections are closed, and requests in flight finish or time out.
///
/// # Errors
/// Returns the error of the listener. Errors of single connections are only logged.
pub async fn serve(
    listener: TcpListener,
    router: NormalizePath<Router>,
    state: AppState,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let limits = state.limits;
    let connections = Connections::new(router, limits.request);
    let slots = Slots::new(limits.in_flight.saturating_mul(CONNECTIONS_PER_REQUEST));
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
            (stream, peer) = accept(&listener, &slots) => open(stream, peer),
            () = &mut stop => break,
        }
    }
    for (stream, peer) in drain_queue(listener.into_std()?)? {
        open(stream, peer);
    }
    let closed = connections.close();
    if tokio::time::timeout(limits.request + DRAIN_TIMEOUT, closed)
        .await
        .is_err()
    {
        tracing::warn!("the server stopped before all requests in flight had ended");
    }
    Ok(())
}

/// Accepts the next connection when there is room for it. Dropping the future loses no connection.
async fn accept(listener: &TcpListener, slots: &Slots) -> (TcpStream, SocketAddr) {
    loop {
        slots.room().await;
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                if is_out_of_files(&error) {
                    slots.displace();
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Whether the process or the system is out of file descriptors or memory for sockets.
fn is_out_of_files(error: &Error) -> bool {
    let code = error.raw_os_error().map(Errno::from_raw);
    matches!(
        code,
        Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM)
    )
}

/// Takes the connections that the kernel has accepted before the listener closes.
fn drain_queue(listener: StdListener) -> std::io::Result<Vec<(TcpStream, SocketAddr)>> {
    let mut streams = Vec::new();
    for _ in 0..QUEUE {
        match listener.accept() {
            Ok((stream, peer)) => {
                stream.set_nonblocking(true)?;
                streams.push((TcpStream::from_std(stream)?, peer));
            }
            // The queue is empty; tokio has set the listener to non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // Mostly a client that has disconnected.
            Err(error) => tracing::warn!(%error, "could not accept a connection"),
        }
    }
    Ok(streams)
}
