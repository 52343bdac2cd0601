//! The connections of one server.

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

/// How long a connection that was opened just before the end has to send its request.
const NEWCOMER: Duration = Duration::from_secs(1);

/// Every open connection, until it is closed. One on which no request arrives within `patience` is
/// closed, and so is one whose client takes nothing of its answer for as long. One that waits for its
/// client is closed as soon as another needs its slot. They speak HTTP/1.1: what tells it from
/// HTTP/2 would wait for a silent client without a limit.
pub struct Connections {
    builder: Builder,
    router: NormalizePath<Router>,
    patience: Duration,
    /// Whether the time has come to close; each open connection listens.
    closing: watch::Sender<bool>,
}

impl Connections {
    /// None is open yet.
    pub fn new(router: NormalizePath<Router>, patience: Duration) -> Self {
        let mut builder = Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            // A client may close its side behind its request, and still read the response.
            .half_close(true);
        Self {
            builder,
            router,
            patience,
            closing: watch::Sender::new(false),
        }
    }

    /// Serves one more in a task of its own, and holds `slot` as long.
    pub fn open(&self, stream: TcpStream, client: Client, slot: Slot) {
        let peer = stream.peer_addr().ok();
        let peer = peer.map(|it| Peer(it.ip().to_canonical()));
        let exchange = Exchange::new(self.router.clone(), client, peer, slot.clone());
        let exchange = Arc::new(exchange);
        let service = service_fn(move |request| Arc::clone(&exchange).respond(request));
        let socket = Socket::new(stream, slot.clone(), self.patience);
        let connection = self.builder.serve_connection(TokioIo::new(socket), service);
        let end = last_moment(self.closing.subscribe(), Instant::now());
        let listens = self.closing.subscribe();
        tokio::spawn(async move {
            serve(connection, &slot, end).await;
            drop(listens);
        });
    }

    /// Closes what is idle; resolves when every request in flight has its answer.
    pub async fn close(self) {
        self.closing.send_replace(true);
        self.closing.closed().await;
    }
}

/// Serves one connection until it is closed: by its client, because another needs its slot while it
/// waits, or when it is idle at the `end`.
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
            // What has arrived is read before anything is closed.
            biased;
            ended = &mut connection => break ended,
            () = slot.displaced(), if !is_displaced => {
                if !slot.is_at_work() {
                    tracing::debug!("a connection that waited was closed for another");
                    return;
                }
                is_displaced = true;
            }
            () = end.as_mut(), if !is_last => is_last = true,
        }
        Pin::new(&mut connection).graceful_shutdown();
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
        return;
    }
    // After a request that offers another protocol (`Upgrade: h2c`) hyper leaves this to its caller.
    let mut socket = connection.into_parts().io.into_inner();
    tokio::select! {
        biased;
        closed = socket.shutdown() => if let Err(error) = closed {
            tracing::debug!(%error, "a connection was not closed in order");
        },
        () = slot.displaced() => {}
    }
}

/// When an idle connection is closed: its request may be on its way.
async fn last_moment(mut closing: watch::Receiver<bool>, opened: Instant) {
    // A sender that is gone means the end as well.
    let _ = closing.wait_for(|closing| *closing).await;
    sleep_until(opened + NEWCOMER).await;
}
