//! The connections of one server.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower_http::normalize_path::NormalizePath;

use super::exchange::Exchange;
use super::socket::Socket;
use crate::http::{Client, Slot};

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
        let exchange = Arc::new(Exchange::new(self.router.clone(), client, slot.clone()));
        let service = service_fn(move |request| Arc::clone(&exchange).respond(request));
        let socket = Socket::new(stream, slot.clone(), self.patience);
        let connection = self.builder.serve_connection(TokioIo::new(socket), service);
        let (closing, opened) = (self.closing.subscribe(), Instant::now());
        tokio::spawn(async move {
            let _listens = closing.clone();
            let mut connection = std::pin::pin!(connection);
            let mut last_moment = std::pin::pin!(last_moment(closing, opened));
            let (mut is_last, mut is_displaced) = (false, false);
            let ended = loop {
                tokio::select! {
                    // What has arrived is read before anything is closed.
                    biased;
                    ended = connection.as_mut() => break ended,
                    () = slot.displaced(), if !is_displaced => {
                        if !slot.is_at_work() {
                            tracing::debug!("a connection that waited was closed for another");
                            return;
                        }
                        is_displaced = true;
                    }
                    () = last_moment.as_mut(), if !is_last => is_last = true,
                }
                connection.as_mut().graceful_shutdown();
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }

    /// Closes what is idle; resolves when every request in flight has its answer.
    pub async fn close(self) {
        self.closing.send_replace(true);
        self.closing.closed().await;
    }
}

/// When an idle connection is closed: its request may be on its way.
async fn last_moment(mut closing: watch::Receiver<bool>, opened: Instant) {
    // A sender that is gone means the end as well.
    let _ = closing.wait_for(|closing| *closing).await;
    sleep_until(opened + NEWCOMER).await;
}
