//! Clients that keep a connection and do nothing with it.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use dossier::app;
use dossier::db::Database;
use dossier::http::Limits;
use futures_util::stream;
use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::support::{TestApp, TestDatabase, TestSettings, Wire};

/// More than anything that is waited for takes.
const LONG: Duration = Duration::from_secs(20);

fn impatient() -> Limits {
    Limits {
        request: Duration::from_millis(300),
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_connection_that_is_kept_and_not_used_is_closed() {
    let app = TestApp::start_with(TestSettings {
        limits: impatient(),
        ..TestSettings::default()
    })
    .await;
    let mut wire = Wire::connect(app.address()).await.expect("a connection");
    for _ in 0..2 {
        wire.send("GET /healthz", &[], "").await.expect("sent");
        let answer = wire.answer().await.expect("an answer");
        assert_eq!(answer.status, 200);
        assert!(!answer.is_last(), "it may be used again");
    }
    let mut rest = Vec::new();
    let closed = timeout(LONG, wire.stream.read_to_end(&mut rest)).await;
    closed.expect("it is closed").expect("in order");
}

/// Sends when it is dropped.
struct Leaving(mpsc::UnboundedSender<()>);

impl Drop for Leaving {
    fn drop(&mut self) {
        // Nobody listens at the end of the test.
        let _ = self.0.send(());
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_left() {
    let (sender, mut left) = mpsc::unbounded_channel();
    let endless = get(async move || {
        let leaving = Leaving(sender.clone());
        Body::from_stream(stream::repeat_with(move || {
            let _held = &leaving;
            Ok::<_, Infallible>(Bytes::from_static(&[b' '; 65_536]))
        }))
    });
    let app = TestApp::start_with(TestSettings {
        limits: impatient(),
        extra: Router::new().route("/endless", endless),
        ..TestSettings::default()
    })
    .await;
    let mut wire = Wire::connect(app.address()).await.expect("a connection");
    wire.send("GET /endless", &[], "").await.expect("sent");
    let left = timeout(LONG, left.recv()).await;
    left.expect("the answer is given up").expect("an event");
}

/// A server in this process that takes one request at once, and four connections.
async fn narrow() -> (TestDatabase, String, oneshot::Sender<()>, Serving) {
    let database = TestDatabase::create().await;
    let limits = Limits {
        in_flight: 1,
        grace: Duration::ZERO,
        ..Limits::default()
    };
    let pool = Database::new(database.options.clone(), 1, limits.request);
    let state = app::state(
        pool,
        limits,
        dossier::values::Destinations::Public,
        crate::support::metrics(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (stop, stopped) = oneshot::channel();
    let router = app::router(app::operations(), state.clone()).expect("a reference");
    let stopped = async move { stopped.await.expect("the test says when") };
    let serving = tokio::spawn(app::serve(listener, router, state, stopped));
    (database, address, stop, serving)
}

type Serving = tokio::task::JoinHandle<std::io::Result<()>>;

/// Four connections, each of which has been served, and one more with a request that waits.
async fn five(address: &str) -> (Vec<Wire>, Wire) {
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut wire = Wire::connect(address).await.expect("a connection");
        wire.send("GET /healthz", &[], "").await.expect("sent");
        assert_eq!(wire.answer().await.expect("an answer").status, 200);
        open.push(wire);
    }
    let mut queued = Wire::connect(address).await.expect("a connection");
    queued.send("GET /healthz", &[], "").await.expect("sent");
    let early = timeout(Duration::from_millis(300), queued.answer()).await;
    assert!(early.is_err(), "there is no place for it yet: {early:?}");
    (open, queued)
}

#[tokio::test]
async fn connections_are_bounded_and_those_beyond_wait_for_a_place() {
    let (_database, address, _stop, _serving) = narrow().await;
    let (mut open, mut queued) = five(&address).await;
    drop(open.pop());
    let answer = timeout(LONG, queued.answer()).await.expect("in time");
    assert_eq!(answer.expect("an answer").status, 200);
}

#[tokio::test]
async fn what_the_kernel_has_accepted_is_answered_when_the_listener_closes() {
    let (_database, address, stop, serving) = narrow().await;
    let (open, mut queued) = five(&address).await;
    stop.send(()).expect("it listens");
    let answer = timeout(LONG, queued.answer()).await.expect("in time");
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(answer.is_last());
    for mut wire in open {
        let idle = timeout(LONG, wire.answer()).await.expect("in time");
        assert!(idle.is_none(), "an idle connection is closed");
    }
    let ended = timeout(LONG, serving).await.expect("in time");
    ended.expect("it ends").expect("it ends well");
    let late = Wire::connect(&address).await;
    assert!(late.is_err(), "nobody listens");
}
