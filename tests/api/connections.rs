//! Clients that keep a connection and do nothing with it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use dossier::app;
use dossier::db::Database;
use dossier::http::Limits;
use dossier::workspaces::FIXED_KEY;
use futures_util::future::select_all;
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::support::{
    LONG, TestApp, TestDatabase, TestSettings, Wire, WireResponse, limits, timeouts,
};

fn impatient() -> Limits {
    Limits {
        request: Duration::from_millis(300),
        ..limits()
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
        // A machine that is busy may take longer for a request than this server waits for one.
        if wire.send("GET /healthz", &[], "").await.is_err() {
            return;
        }
        let response = timeout(LONG, wire.next_response()).await;
        let Some(response) = response.expect("answered or closed") else {
            return;
        };
        assert_eq!(response.status, 200);
        assert!(!response.is_last(), "it may be used again");
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
    left.expect("the response is given up").expect("an event");
}

/// A server in this process that takes one request at once, and four connections.
async fn narrow() -> (TestDatabase, String, oneshot::Sender<()>, Serving) {
    let database = TestDatabase::create().await;
    let limits = Limits {
        in_flight: 1,
        grace: Duration::ZERO,
        ..limits()
    };
    let pool = Database::new(database.options.clone(), 1, timeouts());
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

/// A place where a client may be.
fn from(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

/// So many connections that send these bytes and nothing more.
async fn flood(address: &str, number: usize, bytes: &[u8]) -> Vec<Wire> {
    let mut open = Vec::new();
    for _ in 0..number {
        let wire = Wire::connect_from(from(1), address).await;
        let mut wire = wire.expect("a connection");
        // The server may have closed it already.
        let _ = wire.stream.write_all(bytes).await;
        open.push(wire);
    }
    open
}

/// Other clients, and another one of the same address, are served.
async fn others_are_served(address: &str) {
    for source in [2, 1, 3] {
        let wire = Wire::connect_from(from(source), address).await;
        let mut wire = wire.expect("a connection");
        for (line, body, status) in [
            ("GET /healthz", "", 200),
            ("GET /readyz", "", 200),
            ("POST /cases", "{\"name\": \"A\"}", 201),
        ] {
            assert_eq!(
                answered(&mut wire, line, body).await.status,
                status,
                "{line}"
            );
        }
    }
}

async fn answered(wire: &mut Wire, line: &str, body: &str) -> WireResponse {
    let key = format!("Bearer {FIXED_KEY}");
    let sent = wire.send(line, &[("authorization", &key)], body).await;
    sent.expect("sent");
    let response = timeout(LONG, wire.next_response()).await.expect("in time");
    response.expect("a response")
}

/// A server that takes four requests at once, sixteen connections, and waits for a client for hours:
/// whoever is served in a flood is served because of nothing but a slot that another has lost.
async fn flooded() -> TestApp {
    let endless = get(async || {
        Body::from_stream(stream::repeat_with(|| {
            Ok::<_, Infallible>(Bytes::from_static(&[b' '; 65_536]))
        }))
    });
    TestApp::start_with(TestSettings {
        limits: Limits {
            in_flight: 4,
            request: Duration::from_secs(24 * 60 * 60),
            ..Limits::default()
        },
        extra: Router::new().route("/endless", endless),
        ..TestSettings::default()
    })
    .await
}

#[tokio::test]
async fn connections_that_send_nothing_give_way_to_those_that_do() {
    let app = flooded().await;
    let open = flood(app.address(), 400, b"").await;
    others_are_served(app.address()).await;
    drop(open);
}

#[tokio::test]
async fn connections_that_send_their_head_slowly_give_way() {
    let app = flooded().await;
    let head = b"POST /cases HTTP/1.1\r\nhost: test\r\nauthoriz";
    let open = flood(app.address(), 200, head).await;
    others_are_served(app.address()).await;
    drop(open);
}

#[tokio::test]
async fn requests_that_send_their_body_slowly_give_way() {
    let app = flooded().await;
    let head = format!(
        "POST /cases HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {FIXED_KEY}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    let mut open = flood(app.address(), 4, head.as_bytes()).await;
    for source in [2, 1, 3] {
        let wire = Wire::connect_from(from(source), app.address()).await;
        let mut wire = wire.expect("a connection");
        assert_eq!(answered(&mut wire, "GET /healthz", "").await.status, 200);
        let body = "{\"name\": \"A\"}";
        // A body may take a moment to arrive before it gives way.
        let created = async {
            while answered(&mut wire, "POST /cases", body).await.status != 201 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, created).await.expect("in time");
    }
    // Which of them gave way says so.
    let received = open.iter_mut().map(|wire| Box::pin(wire.read_response()));
    let first = timeout(LONG, select_all(received))
        .await
        .expect("in time")
        .0;
    let first = first.expect("a response");
    assert_eq!((first.status, first.is_last()), (408, true));
    assert!(first.body.contains("/problems/request-timeout"));
}

#[tokio::test]
async fn connections_that_do_not_read_their_response_give_way() {
    let app = flooded().await;
    let request = b"GET /endless HTTP/1.1\r\nhost: test\r\n\r\n";
    let open = flood(app.address(), 100, request).await;
    others_are_served(app.address()).await;
    drop(open);
}

#[tokio::test]
async fn refused_requests_whose_body_does_not_arrive_give_way() {
    let app = flooded().await;
    let head = b"POST /cases HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\n{";
    let open = flood(app.address(), 200, head).await;
    others_are_served(app.address()).await;
    drop(open);
}

/// The connections of a reverse proxy, all from one address, are used in turn while as many others
/// as there are slots, from the same address, send nothing.
#[tokio::test]
async fn connections_in_use_are_kept_in_a_flood_from_their_own_address() {
    let app = flooded().await;
    let mut used = Vec::new();
    for _ in 0..12 {
        used.push(Wire::connect(app.address()).await.expect("a connection"));
    }
    let mut silent = Vec::new();
    for _ in 0..20 {
        for wire in &mut used {
            wire.send("GET /healthz", &[], "").await.expect("sent");
            let response = timeout(LONG, wire.next_response()).await.expect("in time");
            assert_eq!(response.expect("it is kept").status, 200);
        }
        silent.extend(flood(app.address(), 3, b"").await);
        others_are_served(app.address()).await;
    }
}

#[tokio::test]
async fn what_the_kernel_has_accepted_is_answered_when_the_listener_closes() {
    let (_database, address, stop, serving) = narrow().await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut wire = Wire::connect(&address).await.expect("a connection");
        wire.send("GET /healthz", &[], "").await.expect("sent");
        assert_eq!(wire.next_response().await.expect("a response").status, 200);
        open.push(wire);
    }
    // The server does not run while this thread connects and says that it stops.
    let queued = std::net::TcpStream::connect(&address).expect("a connection");
    stop.send(()).expect("it listens");
    queued.set_nonblocking(true).expect("a setting");
    let mut queued = Wire::from(TcpStream::from_std(queued).expect("a stream"));
    queued.send("GET /healthz", &[], "").await.expect("sent");
    let response = timeout(LONG, queued.next_response())
        .await
        .expect("in time");
    let response = response.expect("a response");
    assert_eq!(response.status, 200);
    assert!(response.is_last());
    for mut wire in open {
        let idle = timeout(LONG, wire.next_response()).await.expect("in time");
        assert!(idle.is_none(), "an idle connection is closed");
    }
    let ended = timeout(LONG, serving).await.expect("in time");
    ended.expect("it ends").expect("it ends well");
    let late = Wire::connect(&address).await;
    assert!(late.is_err(), "nobody listens");
}
