//! The connections of one server.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use tokio_io_timeout::TimeoutStream;
use tower_http::normalize_path::NormalizePath;

/// How long a connection that was opened just before the end has to send its request.
const NEWCOMER: Duration = Duration::from_secs(1);

/// Every open connection, until it is closed. One on which no request arrives within `patience` is
/// closed, and so is one whose client takes nothing of its answer for as long. They speak HTTP/1.1:
/// what tells it from HTTP/2 would wait for a silent client without a limit.
pub struct Connections {
    builder: Builder<TokioExecutor>,
    router: NormalizePath<Router>,
    patience: Duration,
    /// Whether the time has come to close; each open connection listens.
    closing: watch::Sender<bool>,
}

impl Connections {
    /// None is open yet.
    pub fn new(router: NormalizePath<Router>, patience: Duration) -> Self {
        let mut builder = Builder::new(TokioExecutor::new()).http1_only();
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(patience);
        Self {
            builder,
            router,
            patience,
            closing: watch::Sender::new(false),
        }
    }

    /// Serves one more in a task of its own, and holds `slot` as long.
    pub fn open(&self, stream: TcpStream, slot: Option<OwnedSemaphorePermit>) {
        let router = self.router.clone();
        let service = tower::service_fn(move |request: hyper::Request<Incoming>| {
            let request: Request = request.map(Body::new);
            tower::ServiceExt::oneshot(router.clone(), request)
        });
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.patience));
        let connection = self
            .builder
            .serve_connection(
                TokioIo::new(Box::pin(stream)),
                TowerToHyperService::new(service),
            )
            .into_owned();
        let (closing, opened) = (self.closing.subscribe(), Instant::now());
        tokio::spawn(async move {
            let _held = (slot, closing.clone());
            let mut connection = std::pin::pin!(connection);
            let ended = tokio::select! {
                // What has arrived is read before anything is closed.
                biased;
                ended = connection.as_mut() => ended,
                () = last_moment(closing, opened) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
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
