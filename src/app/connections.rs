//! The client connections of a server.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, Connection};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower_http::normalize_path::NormalizePath;

use super::exchange::Exchange;
use super::socket::Socket;
use crate::http::{Client, Peer, Slot};

/// Time for the first request on a connection that was opened just before the server stops.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves connections and closes them. A connection is closed if no request arrives within `timeout`, if the client
/// reads nothing of its response for as long, or, while it waits for its client, if another connection needs its slot.
/// Only HTTP/1.1 is supported: the detection of HTTP/2 would wait for a silent client without a limit.
pub struct Connections {
    builder: Builder,
    router: NormalizePath<Router>,
    timeout: Duration,
    /// Tells each open connection that the server stops.
    closing: watch::Sender<bool>,
}

impl Connections {
    /// Creates a server of connections for a router.
    pub fn new(router: NormalizePath<Router>, timeout: Duration) -> Self {
        let mut builder = Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(timeout)
            // A client may close its side after its request, and still read the response.
            .half_close(true);
        Self {
            builder,
            router,
            timeout,
            closing: watch::Sender::new(false),
        }
    }

    /// Serves a connection in a new task, which holds `slot` until the connection is closed.
    pub fn open(&self, stream: TcpStream, client: Client, slot: Slot) {
        let peer = stream.peer_addr().ok();
        let peer = peer.map(|it| Peer(it.ip().to_canonical()));
        let exchange = Exchange::new(self.router.clone(), client, peer, slot.clone());
        let exchange = Arc::new(exchange);
        let service = service_fn(move |request| Arc::clone(&exchange).respond(request));
        let socket = Socket::new(stream, slot.clone(), self.timeout);
        let connection = self.builder.serve_connection(TokioIo::new(socket), service);
        let end = idle_end(self.closing.subscribe(), Instant::now());
        let receiver = self.closing.subscribe();
        tokio::spawn(async move {
            serve(connection, &slot, end).await;
            drop(receiver);
        });
    }

    /// Closes idle connections, and waits until every request in flight has its response.
    pub async fn close(self) {
        self.closing.send_replace(true);
        self.closing.closed().await;
    }
}

/// Serves one connection until its client closes it, another connection needs its slot while it waits for its client,
/// or it is idle at the `end`.
async fn serve<S>(
    mut connection: Connection<TokioIo<Socket>, S>,
    slot: &Slot,
    end: impl Future<Output = ()>,
) where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Unpin,
{
    let mut end = std::pin::pin!(end);
    let (mut is_last, mut is_displaced) = (false, false);
    let ended = loop {
        tokio::select! {
            // Read what has arrived before closing.
            biased;
            ended = &mut connection => break ended,
            () = slot.displaced(), if !is_displaced => {
                if !slot.is_at_work() {
                    tracing::debug!("closed an idle connection to free its slot");
                    return;
                }
                is_displaced = true;
            }
            () = end.as_mut(), if !is_last => is_last = true,
        }
        Pin::new(&mut connection).graceful_shutdown();
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended with an error");
        return;
    }
    // After a request with `Upgrade: h2c`, hyper does not close the socket.
    let mut socket = connection.into_parts().io.into_inner();
    tokio::select! {
        biased;
        closed = socket.shutdown() => if let Err(error) = closed {
            tracing::debug!(%error, "could not close a connection cleanly");
        },
        () = slot.displaced() => {}
    }
}

/// Resolves when an idle connection may be closed. A new connection gets time for a request that may be on its way.
async fn idle_end(mut closing: watch::Receiver<bool>, opened: Instant) {
    // A dropped sender means that the server stops, too.
    let _ = closing.wait_for(|closing| *closing).await;
    sleep_until(opened + FIRST_REQUEST_TIMEOUT).await;
}
