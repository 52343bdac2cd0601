//! HTTP/1.1 framing: the end of a request and the reuse of its connection.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use dossier::http::Limits;
use dossier::workspaces::FIXED_KEY;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::support::{DropNotice, LONG, TestApp, TestSettings, Wire};

const JSON: &str = "content-type: application/json";

fn key() -> String {
    format!("authorization: Bearer {FIXED_KEY}")
}

/// Builds a request with the JSON body `{"name": "A"}`, padded with spaces.
fn request(line: &str, fields: &[&str], size: usize, is_chunked: bool) -> Vec<u8> {
    let mut body = b"{\"name\": \"A\"}".to_vec();
    body.resize(size.max(body.len()), b' ');
    let mut bytes = format!("{line} HTTP/1.1\r\nhost: test\r\n").into_bytes();
    for field in fields {
        bytes.extend(format!("{field}\r\n").into_bytes());
    }
    if is_chunked {
        bytes.extend(b"transfer-encoding: chunked\r\n\r\n");
        for chunk in body.chunks(16 * 1024) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
    } else {
        bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
        bytes.extend(body);
    }
    bytes
}

async fn connect(app: &TestApp) -> Wire {
    Wire::connect(app.address()).await.expect("a connection")
}

/// Asserts that a connection serves another request.
async fn assert_usable(wire: &mut Wire) {
    let probe = b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n";
    let response = timeout(LONG, wire.exchange(probe)).await.expect("in time");
    assert_eq!(response.expect("the connection is kept").status, 200);
}

async fn assert_closed(wire: &mut Wire) {
    let closed = timeout(LONG, wire.wait_for_close()).await.expect("in time");
    closed.expect("the connection is closed cleanly");
}

/// Starts a server on which requests can be rejected for every reason before the body is read.
async fn start_with_panics() -> TestApp {
    let panics = || {
        let panics = async || -> &'static str { panic!("before the body is read") };
        post(panics).get(panics)
    };
    TestApp::start_with(TestSettings {
        limits: Limits {
            body: 3 * 1024 * 1024,
            ..Limits::default()
        },
        extra: Router::new().route("/panic", panics()),
        ..TestSettings::default()
    })
    .await
}

#[tokio::test]
async fn early_responses_announce_whether_the_connection_closes() {
    let app = start_with_panics().await;
    let key = key();
    let (key, id) = (key.as_str(), "0198a000-0000-4000-8000-00000000ffff");
    let case_request = |method: &str| format!("{method} /cases/{id}");
    let (read, change, delete) = (
        case_request("GET"),
        case_request("PATCH"),
        case_request("DELETE"),
    );
    let kinds: &[(&str, &[&str], u16)] = &[
        ("POST /cases", &[JSON], 401),
        ("POST /cases/batch", &[JSON], 401),
        ("POST /nothing/here", &[key, JSON], 404),
        ("PUT /cases", &[key, JSON], 405),
        ("POST /cases", &[key, "content-type: text/plain"], 415),
        ("POST /cases", &[key, JSON, "content-encoding: gzip"], 415),
        (&change, &[JSON], 401),
        (&change, &[key, "content-type: text/plain"], 415),
        ("POST /panic", &[key, JSON], 500),
        // A client that offers a protocol upgrade, as HTTP/2 clients without TLS do.
        (
            "POST /cases",
            &["connection: upgrade", "upgrade: h2c", JSON],
            401,
        ),
        // Requests whose bodies the server does not read.
        ("GET /healthz", &[], 200),
        ("GET /cases", &[key, JSON], 200),
        (&read, &[key, JSON], 404),
        (&delete, &[key, JSON], 404),
    ];
    for (line, fields, status) in kinds {
        for (size, is_kept) in [(1024, true), (200 * 1024, true), (1_900_000, false)] {
            for is_chunked in [false, true] {
                let case = format!("{line} {fields:?} {size} {is_chunked}");
                let mut wire = connect(&app).await;
                let bytes = request(line, fields, size, is_chunked);
                let response = timeout(LONG, wire.exchange(&bytes)).await;
                let response = response.unwrap_or_else(|_| panic!("{case}: no response"));
                let response = response.unwrap_or_else(|error| panic!("{case}: {error}"));
                assert_eq!(response.status, *status, "{case}: {}", response.body);
                assert_eq!(!response.is_last(), is_kept, "{case}");
                if is_kept {
                    assert_usable(&mut wire).await;
                } else {
                    assert_closed(&mut wire).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn returns_413_before_reading_a_body_that_is_too_large() {
    let app = TestApp::start().await;
    let key = key();
    let mut wire = connect(&app).await;
    // Sends only the head.
    let head = format!("POST /cases HTTP/1.1\r\nhost: x\r\n{key}\r\n{JSON}\r\n");
    let bytes = format!("{head}content-length: 9000000000\r\n\r\n");
    let response = timeout(LONG, wire.exchange(bytes.as_bytes())).await;
    let response = response.expect("in time").expect("a response");
    assert_eq!((response.status, response.is_last()), (413, true));
    assert_closed(&mut wire).await;
    for is_chunked in [false, true] {
        let mut wire = connect(&app).await;
        let bytes = request("POST /cases", &[&key, JSON], 5 * 1024 * 1024, is_chunked);
        let response = timeout(LONG, wire.exchange(&bytes)).await.expect("in time");
        let response = response.expect("a response");
        assert_eq!((response.status, response.is_last()), (413, true));
        assert_closed(&mut wire).await;
    }
    // Little of this body is left to read, so that the connection is kept.
    let mut wire = connect(&app).await;
    let bytes = request("POST /cases", &[&key, JSON], 2 * 1024 * 1024 + 1, true);
    let response = timeout(LONG, wire.exchange(&bytes)).await.expect("in time");
    let response = response.expect("a response");
    assert_eq!((response.status, response.is_last()), (413, false));
    assert_usable(&mut wire).await;
}

#[tokio::test]
async fn responds_to_expect_100_continue_before_the_body_is_sent() {
    let app = TestApp::start().await;
    let key = key();
    let key = key.as_str();
    let expects = "expect: 100-continue";
    let small = "content-length: 13";
    let refused: &[(&str, &[&str], u16)] = &[
        ("POST /cases", &[key, JSON, "content-length: 2097153"], 413),
        ("POST /cases", &[JSON, small], 401),
        ("POST /nothing/here", &[key, JSON, small], 404),
        ("PUT /cases", &[key, JSON, small], 405),
        ("POST /cases", &[key, small], 415),
        ("POST /cases", &[JSON, "transfer-encoding: chunked"], 401),
    ];
    for (line, fields, status) in refused {
        let mut wire = connect(&app).await;
        let fields = fields.join("\r\n");
        let head = format!("{line} HTTP/1.1\r\nhost: x\r\n{expects}\r\n{fields}\r\n\r\n");
        let response = timeout(LONG, wire.exchange(head.as_bytes())).await;
        let response = response.expect("in time").expect("a response");
        assert_eq!(
            (response.status, response.is_last()),
            (*status, true),
            "{line}"
        );
        assert_closed(&mut wire).await;
    }
    let mut wire = connect(&app).await;
    let fields = [key, JSON, small, expects].join("\r\n");
    let head = format!("POST /cases HTTP/1.1\r\nhost: x\r\n{fields}\r\n\r\n");
    let interim = timeout(LONG, wire.exchange(head.as_bytes())).await;
    assert_eq!(interim.expect("in time").expect("a response").status, 100);
    let response = timeout(LONG, wire.exchange(b"{\"name\": \"A\"}")).await;
    let response = response.expect("in time").expect("a response");
    assert_eq!((response.status, response.is_last()), (201, false));
    assert_usable(&mut wire).await;
}

#[tokio::test]
async fn returns_malformed_framing_for_invalid_chunks_and_lengths() {
    let app = TestApp::start().await;
    let key = key();
    let head = format!("POST /cases HTTP/1.1\r\nhost: x\r\n{key}\r\n{JSON}\r\n");
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    let extension = format!("d;{}\r\n", "x".repeat(20_000));
    let forms: &[(&str, &str, bool)] = &[
        (
            "a size that is not a number",
            "zz\r\n{}\r\n0\r\n\r\n",
            false,
        ),
        ("no size", "\r\n{}\r\n0\r\n\r\n", false),
        ("a size that is too large", "fffffffffffffffff\r\n{}", false),
        ("a size without its CR", "2\n{}\r\n0\r\n\r\n", false),
        ("no CRLF behind a chunk", "2\r\n{}xx0\r\n\r\n", false),
        ("a chunk that is longer", "2\r\n{} \r\n0\r\n\r\n", false),
        ("a line in an extension", "2;a\nb\r\n{}\r\n0\r\n\r\n", false),
        ("a long extension", &extension, false),
        ("a trailer", "2\r\n{}\r\n0\r\nno colon\r\n\r\n", false),
        ("no end behind the last chunk", "2\r\n{}\r\n0\r\nx", true),
        ("an end inside a chunk", "d\r\n{\"name\"", true),
        ("an end inside a size", "d", true),
        ("an end before the last chunk", "2\r\n{}\r\n", true),
    ];
    let forms = forms
        .iter()
        .map(|(form, body, ends)| (*form, format!("{head}{chunked}{body}"), *ends));
    let short = format!("{head}content-length: 13\r\n\r\n{{\"name\"");
    for (form, bytes, ends) in forms.chain([("an end before the length", short, true)]) {
        let mut wire = connect(&app).await;
        let sent = wire.stream.write_all(bytes.as_bytes()).await;
        sent.expect("sent");
        if ends {
            wire.stream.shutdown().await.expect("shut down");
        }
        let response = timeout(LONG, wire.read_response()).await.expect(form);
        let response = response.unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(response.status, 400, "{form}: {}", response.body);
        let kind = "\"type\":\"/problems/malformed-framing\"";
        assert!(response.body.contains(kind), "{form}: {}", response.body);
        assert!(response.is_last(), "{form}");
        assert_closed(&mut wire).await;
    }
    app.get("/problems/malformed-framing").await.expect(200);
    // A request that is rejected before its body is read keeps that error.
    let mut wire = connect(&app).await;
    let bytes = format!("POST /cases HTTP/1.1\r\nhost: x\r\n{JSON}\r\n{chunked}zz\r\n");
    let response = timeout(LONG, wire.exchange(bytes.as_bytes())).await;
    let response = response.expect("in time").expect("a response");
    assert_eq!((response.status, response.is_last()), (401, true));
    assert_closed(&mut wire).await;
}

#[tokio::test]
async fn responds_to_clients_that_close_their_sending_side() {
    let app = TestApp::start().await;
    let key = key();
    for (bytes, status) in [
        (b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n".to_vec(), 200),
        (request("POST /cases", &[&key, JSON], 0, false), 201),
        (request("POST /cases", &[&key, JSON], 200_000, true), 201),
        (request("POST /cases", &[JSON], 200_000, false), 401),
        (request("POST /cases", &[JSON], 1_900_000, false), 401),
    ] {
        let mut wire = connect(&app).await;
        wire.stream.write_all(&bytes).await.expect("sent");
        wire.stream.shutdown().await.expect("shut down");
        let response = timeout(LONG, wire.read_response()).await.expect("in time");
        assert_eq!(response.expect("a response").status, status);
        assert_closed(&mut wire).await;
    }
}

/// Adds `GET /wait`, which reports `"waits"` and waits for a notification.
async fn start_with_wait(
    in_flight: usize,
) -> (TestApp, mpsc::UnboundedReceiver<&'static str>, Arc<Notify>) {
    let (events, received) = mpsc::unbounded_channel();
    let release = Arc::new(Notify::new());
    let released = Arc::clone(&release);
    let wait = get(async move || {
        let _notice = DropNotice(events.clone());
        events.send("waits").expect("the test is running");
        released.notified().await;
        "done"
    });
    let app = TestApp::start_with(TestSettings {
        limits: Limits {
            in_flight,
            ..Limits::default()
        },
        extra: Router::new().route("/wait", wait),
        ..TestSettings::default()
    })
    .await;
    (app, received, release)
}

#[tokio::test]
async fn continues_after_a_half_close_and_cancels_after_a_reset() {
    let (app, mut events, release) = start_with_wait(16).await;
    let bytes = b"GET /wait HTTP/1.1\r\nhost: test\r\n\r\n";
    let mut closing = connect(&app).await;
    closing.stream.write_all(bytes).await.expect("sent");
    assert_eq!(events.recv().await, Some("waits"));
    closing.stream.shutdown().await.expect("shut down");
    let early = timeout(Duration::from_millis(100), events.recv()).await;
    assert!(early.is_err(), "the request continues");

    let mut resetting = connect(&app).await;
    resetting.stream.write_all(bytes).await.expect("sent");
    assert_eq!(events.recv().await, Some("waits"));
    resetting.stream.set_zero_linger().expect("a setting");
    drop(resetting);
    let dropped = timeout(LONG, events.recv()).await.expect("in time");
    assert_eq!(dropped, Some("dropped"));

    release.notify_waiters();
    let response = timeout(LONG, closing.read_response())
        .await
        .expect("in time");
    assert_eq!(response.expect("a response").body, "done");
    assert_closed(&mut closing).await;
}

#[tokio::test]
async fn pipelined_requests_after_a_rejected_one_are_served_or_the_connection_closes() {
    let app = TestApp::start().await;
    let probe = b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n";
    for is_chunked in [false, true] {
        let mut wire = connect(&app).await;
        let mut bytes = request("POST /cases", &[JSON], 100_000, is_chunked);
        bytes.extend(probe);
        bytes.extend(request("GET /healthz", &[JSON], 100_000, is_chunked));
        bytes.extend(probe);
        let response = timeout(LONG, wire.exchange(&bytes)).await.expect("in time");
        assert_eq!(response.expect("a response").status, 401);
        for _ in 0..3 {
            let response = timeout(LONG, wire.read_response()).await.expect("in time");
            assert_eq!(response.expect("a response").status, 200);
        }
        assert_usable(&mut wire).await;

        let mut wire = connect(&app).await;
        let mut bytes = request("POST /cases", &[JSON], 1_000_000, is_chunked);
        bytes.extend(probe);
        let response = timeout(LONG, wire.exchange(&bytes)).await.expect("in time");
        let response = response.expect("a response");
        assert_eq!((response.status, response.is_last()), (401, true));
        assert_closed(&mut wire).await;
    }
}

#[tokio::test]
async fn does_not_wait_for_the_body_of_a_rejected_request() {
    let app = TestApp::start().await;
    for framing in [
        "content-length: 1000\r\n\r\n{\"name\"",
        "transfer-encoding: chunked\r\n\r\n100\r\n{\"name\"",
    ] {
        let mut wire = connect(&app).await;
        let bytes = format!("POST /cases HTTP/1.1\r\nhost: x\r\n{JSON}\r\n{framing}");
        let response = timeout(LONG, wire.exchange(bytes.as_bytes())).await;
        let response = response.expect("in time").expect("a response");
        assert_eq!((response.status, response.is_last()), (401, true));
        assert_closed(&mut wire).await;
    }
}

#[tokio::test]
async fn responds_to_rejected_heads() {
    let app = TestApp::start().await;
    let long = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n",
        "x".repeat(1_500_000)
    );
    let both = "POST /cases HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n";
    let coding = "POST /cases HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n";
    let rest = "x".repeat(1_500_000);
    for (bytes, status) in [
        (long, 431),
        (format!("{both}{rest}"), 400),
        (format!("{coding}{rest}"), 400),
        (format!("no request\r\n\r\n{rest}"), 400),
    ] {
        let mut wire = connect(&app).await;
        let response = timeout(LONG, wire.exchange(bytes.as_bytes())).await;
        let response = response.expect("in time").expect("a response");
        assert_eq!((response.status, response.is_last()), (status, true));
        assert_closed(&mut wire).await;
    }
}

/// Number of requests that each writer sends.
const REQUESTS: usize = 40;

/// Number of responses by status.
#[derive(Default)]
struct Responses {
    created: AtomicUsize,
    limited: AtomicUsize,
    overloaded: AtomicUsize,
}

/// Sends a body repeatedly over one connection and reconnects when the server closes it.
async fn writer(address: String, size: usize, responses: Arc<Responses>) {
    let bytes = request("POST /cases", &[&key(), JSON], size, false);
    let mut wire = Wire::connect(&address).await.expect("a connection");
    for number in 0..REQUESTS {
        let response = timeout(LONG, wire.exchange(&bytes)).await.expect("in time");
        let response = response
            .unwrap_or_else(|error| panic!("request {number} lost its connection: {error}"));
        let count = match response.status {
            201 => &responses.created,
            429 => &responses.limited,
            503 => &responses.overloaded,
            other => panic!("{other}: {}", response.body),
        };
        count.fetch_add(1, Ordering::Relaxed);
        if response.is_last() {
            assert_closed(&mut wire).await;
            wire = Wire::connect(&address).await.expect("a connection");
        }
    }
}

/// Runs twelve writers at once, first with bodies that the server reads to the end, then with larger ones.
async fn run_writers(app: &TestApp) -> Responses {
    let responses = Arc::new(Responses::default());
    for size in [200_000, 600_000] {
        let writers: Vec<_> = (0..12)
            .map(|_| {
                tokio::spawn(writer(
                    app.address().to_owned(),
                    size,
                    Arc::clone(&responses),
                ))
            })
            .collect();
        for writer in writers {
            writer.await.expect("no request loses its connection");
        }
    }
    Arc::into_inner(responses).expect("all writers have ended")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_keep_their_connections_during_429_responses() {
    let app = TestApp::start_with_limits(Limits {
        in_flight: 8,
        writes: NonZeroU32::new(20),
        ..Limits::default()
    })
    .await;
    let responses = run_writers(&app).await;
    assert!(responses.created.into_inner() >= 20);
    assert!(responses.limited.into_inner() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_keep_their_connections_during_503_responses() {
    let (app, mut events, release) = start_with_wait(16).await;
    let mut waiting = Vec::new();
    for _ in 0..16 {
        let mut wire = connect(&app).await;
        wire.send("GET /wait", &[], "").await.expect("sent");
        assert_eq!(events.recv().await, Some("waits"));
        waiting.push(wire);
    }
    let responses = run_writers(&app).await;
    assert_eq!(responses.overloaded.into_inner(), 2 * 12 * REQUESTS);
    release.notify_waiters();
}
