//! Idle, slow and excess connections.

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
    DropNotice, LONG, TestApp, TestDatabase, TestSettings, Wire, WireResponse, limits, poll,
    timeouts,
};

fn short_timeout() -> Limits {
    Limits {
        request: Duration::from_millis(300),
        ..limits()
    }
}

#[tokio::test]
async fn closes_idle_connections() {
    let app = TestApp::start_with_limits(short_timeout()).await;
    let mut wire = Wire::connect(app.address()).await.expect("a connection");
    for _ in 0..2 {
        // On a busy machine a request can take longer than the idle timeout.
        if wire.send("GET /healthz", &[], "").await.is_err() {
            return;
        }
        let response = timeout(LONG, wire.next_response()).await;
        let Some(response) = response.expect("a response or the end") else {
            return;
        };
        assert_eq!(response.status, 200);
        assert!(!response.is_last(), "the connection is kept");
    }
    let mut rest = Vec::new();
    let closed = timeout(LONG, wire.stream.read_to_end(&mut rest)).await;
    closed
        .expect("the connection is closed")
        .expect("closed cleanly");
}

#[tokio::test]
async fn drops_a_response_that_the_client_does_not_read() {
    let (sender, mut dropped) = mpsc::unbounded_channel();
    let endless = get(async move || {
        let notice = DropNotice(sender.clone());
        Body::from_stream(stream::repeat_with(move || {
            let _notice = &notice;
            Ok::<_, Infallible>(Bytes::from_static(&[b' '; 65_536]))
        }))
    });
    let app = TestApp::start_with(TestSettings {
        limits: short_timeout(),
        extra: Router::new().route("/endless", endless),
        ..TestSettings::default()
    })
    .await;
    let mut wire = Wire::connect(app.address()).await.expect("a connection");
    wire.send("GET /endless", &[], "").await.expect("sent");
    let dropped = timeout(LONG, dropped.recv()).await;
    dropped.expect("the response is dropped").expect("a notice");
}

/// Starts a server in this process that accepts one request and four connections at once.
async fn start_small() -> (TestDatabase, String, oneshot::Sender<()>, Serving) {
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
        dossier::destinations::Destinations::Public,
        crate::support::metrics(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (stop, stopped) = oneshot::channel();
    let router = app::router(app::operations(), state.clone()).expect("a reference");
    let stopped = async move { stopped.await.expect("the test stops the server") };
    let serving = tokio::spawn(app::serve(listener, router, state, stopped));
    (database, address, stop, serving)
}

type Serving = tokio::task::JoinHandle<std::io::Result<()>>;

/// The address of a client.
fn client_address(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

/// Opens connections that send these bytes and nothing more.
async fn flood(address: &str, number: usize, bytes: &[u8]) -> Vec<Wire> {
    let mut open = Vec::new();
    for _ in 0..number {
        let wire = Wire::connect_from(client_address(1), address).await;
        let mut wire = wire.expect("a connection");
        // The server may have closed it already.
        let _ = wire.stream.write_all(bytes).await;
        open.push(wire);
    }
    open
}

/// Asserts that other clients, and another connection from the same address, are served.
async fn assert_others_are_served(address: &str) {
    for source in [2, 1, 3] {
        let wire = Wire::connect_from(client_address(source), address).await;
        let mut wire = wire.expect("a connection");
        for (line, body, status) in [
            ("GET /healthz", "", 200),
            ("GET /readyz", "", 200),
            ("POST /cases", "{\"name\": \"A\"}", 201),
        ] {
            assert_eq!(
                exchange(&mut wire, line, body).await.status,
                status,
                "{line}"
            );
        }
    }
}

async fn exchange(wire: &mut Wire, line: &str, body: &str) -> WireResponse {
    let key = format!("Bearer {FIXED_KEY}");
    let sent = wire.send(line, &[("authorization", &key)], body).await;
    sent.expect("sent");
    let response = timeout(LONG, wire.next_response()).await.expect("in time");
    response.expect("a response")
}

/// Starts a server that accepts four requests and sixteen connections at once, and never times out a client:
/// in a flood it can serve a request only by closing another connection.
async fn start_without_timeouts() -> TestApp {
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
async fn silent_connections_give_way_to_requests() {
    let app = start_without_timeouts().await;
    let open = flood(app.address(), 400, b"").await;
    assert_others_are_served(app.address()).await;
    drop(open);
}

#[tokio::test]
async fn connections_with_an_incomplete_head_give_way() {
    let app = start_without_timeouts().await;
    let head = b"POST /cases HTTP/1.1\r\nhost: test\r\nauthoriz";
    let open = flood(app.address(), 200, head).await;
    assert_others_are_served(app.address()).await;
    drop(open);
}

#[tokio::test]
async fn requests_with_an_incomplete_body_give_way() {
    let app = start_without_timeouts().await;
    let head = format!(
        "POST /cases HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {FIXED_KEY}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    let mut open = flood(app.address(), 4, head.as_bytes()).await;
    for source in [2, 1, 3] {
        let wire = Wire::connect_from(client_address(source), app.address()).await;
        let mut wire = wire.expect("a connection");
        assert_eq!(exchange(&mut wire, "GET /healthz", "").await.status, 200);
        let body = "{\"name\": \"A\"}";
        // A body has a moment to arrive before its connection gives way.
        poll(async || {
            let response = exchange(&mut wire, "POST /cases", body).await;
            if response.status == 201 {
                Ok(())
            } else {
                Err(response)
            }
        })
        .await;
    }
    // The connection that gave way received a 408.
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
    let app = start_without_timeouts().await;
    let request = b"GET /endless HTTP/1.1\r\nhost: test\r\n\r\n";
    let open = flood(app.address(), 100, request).await;
    assert_others_are_served(app.address()).await;
    drop(open);
}

#[tokio::test]
async fn rejected_requests_with_an_incomplete_body_give_way() {
    let app = start_without_timeouts().await;
    let head = b"POST /cases HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\n{";
    let open = flood(app.address(), 200, head).await;
    assert_others_are_served(app.address()).await;
    drop(open);
}

/// The connections of a reverse proxy, all from one address, are used in turn. Meanwhile more connections
/// than the server has slots are opened from the same address and send nothing.
#[tokio::test]
async fn keeps_used_connections_during_a_flood_from_the_same_address() {
    let app = start_without_timeouts().await;
    let mut used = Vec::new();
    for _ in 0..12 {
        used.push(Wire::connect(app.address()).await.expect("a connection"));
    }
    let mut silent = Vec::new();
    for _ in 0..20 {
        for wire in &mut used {
            wire.send("GET /healthz", &[], "").await.expect("sent");
            let response = timeout(LONG, wire.next_response()).await.expect("in time");
            assert_eq!(response.expect("a response").status, 200);
        }
        silent.extend(flood(app.address(), 3, b"").await);
        assert_others_are_served(app.address()).await;
    }
}

#[tokio::test]
async fn serves_connections_accepted_by_the_kernel_before_shutdown() {
    let (_database, address, stop, serving) = start_small().await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut wire = Wire::connect(&address).await.expect("a connection");
        wire.send("GET /healthz", &[], "").await.expect("sent");
        assert_eq!(wire.next_response().await.expect("a response").status, 200);
        open.push(wire);
    }
    // The server, on this thread, does not run while the test connects and stops it.
    let queued = std::net::TcpStream::connect(&address).expect("a connection");
    stop.send(()).expect("the server runs");
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
    ended.expect("no panic").expect("no error");
    let late = Wire::connect(&address).await;
    assert!(late.is_err(), "the port is closed");
}
