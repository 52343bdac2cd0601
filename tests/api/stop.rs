//! How a server ends: everything that it has accepted is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use sqlx::{ConnectOptions, Executor, Row};
use tokio::sync::Notify;

use crate::support::{Hold, KEY, LONG, Process, TestDatabase, Wire, WireResponse};

const BODY: &str = "{\"name\": \"A\"}";
const CLIENTS: usize = 16;
/// No request is given up because the machine is busy.
const PATIENT: (&str, &str) = ("DOSSIER_REQUEST_TIMEOUT", "600");

async fn post(wire: &mut Wire) -> std::io::Result<()> {
    let key = format!("Bearer {KEY}");
    wire.send("POST /cases", &[("authorization", &key)], BODY)
        .await
}

/// Whether a case was stored. On a busy machine it may be one of those that are to come again, because the
/// database was too late: then nothing was.
fn is_created(response: &WireResponse) -> bool {
    let is_later = response.status == 503 && !response.body.contains("/problems/outcome-unknown");
    assert!(response.status == 201 || is_later, "{}", response.body);
    !is_later
}

/// What one client has seen: answers of a success, and requests that were not answered.
#[derive(Default)]
struct Seen {
    created: usize,
    cut: usize,
    was_told: bool,
}

/// Posts one case after the other on one connection, until an answer says that it is the last.
/// Between two of them the connection is idle for a while.
async fn client(
    address: String,
    idle: Duration,
    created: Arc<AtomicUsize>,
    enough: Arc<Notify>,
) -> Seen {
    let mut seen = Seen::default();
    let mut wire = Wire::connect(&address).await.expect("a connection");
    loop {
        let sent = post(&mut wire).await;
        let response = wire.next_response().await;
        let (Ok(()), Some(response)) = (sent, response) else {
            seen.cut += 1;
            break;
        };
        if is_created(&response) {
            seen.created += 1;
            if created.fetch_add(1, Ordering::SeqCst) == 10 * CLIENTS {
                enough.notify_one();
            }
        }
        if response.is_last() {
            seen.was_told = true;
            break;
        }
        tokio::time::sleep(idle).await;
    }
    seen
}

async fn count(database: &TestDatabase) -> usize {
    let mut connection = database.options.connect().await.expect("a connection");
    let row = connection.fetch_one("SELECT count(*) FROM cases").await;
    let count: i64 = row.expect("a count").get(0);
    usize::try_from(count).expect("a count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_of_busy_clients_is_answered_when_the_server_is_told_to_stop() {
    let database = TestDatabase::create().await;
    let mut server = Process::start(&database, &[PATIENT]).await;
    let (created, enough) = (Arc::default(), Arc::new(Notify::new()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let address = server.address.clone();
            // Half of them are as fast as they can be, and half are idle at times.
            let idle = Duration::from_millis(if number < CLIENTS / 2 { 0 } else { 20 });
            tokio::spawn(client(address, idle, Arc::clone(&created), enough.clone()))
        })
        .collect();
    enough.notified().await;
    server.signal(Signal::SIGTERM);
    let mut acknowledged = 0;
    for client in clients {
        let seen = client.await.expect("the client ends");
        assert_eq!(seen.cut, 0, "a request was not answered");
        assert!(seen.was_told, "the client was told to leave");
        acknowledged += seen.created;
    }
    let status = server.wait_for_exit().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(acknowledged > 10 * CLIENTS);
    assert_eq!(count(&database).await, acknowledged);
}

#[tokio::test]
async fn a_server_that_stops_is_not_ready_and_serves_for_its_grace_and_a_second_signal_ends_it() {
    let database = TestDatabase::create().await;
    let settings = [PATIENT, ("DOSSIER_STOP_GRACE", "600")];
    let mut server = Process::start(&database, &settings).await;
    let mut before = Wire::connect(&server.address).await.expect("a connection");
    before.send("GET /readyz", &[], "").await.expect("sent");
    let ready = before.next_response().await.expect("a response");
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert!(!ready.is_last());
    server.signal(Signal::SIGINT);
    let begun = Instant::now();
    let refused = loop {
        let mut probe = Wire::connect(&server.address).await.expect("a connection");
        probe.send("GET /readyz", &[], "").await.expect("sent");
        let response = probe.next_response().await.expect("a response");
        if response.status != 200 {
            break response;
        }
        assert!(begun.elapsed() < LONG, "it is ready");
    };
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("/problems/stopping"));
    assert!(refused.is_last());
    let (mut wire, mut created) = (before, 0);
    while created < 2 {
        post(&mut wire).await.expect("sent");
        let response = wire.next_response().await.expect("a response");
        created += usize::from(is_created(&response));
        assert!(response.is_last());
        assert!(
            wire.next_response().await.is_none(),
            "the connection is closed"
        );
        wire = Wire::connect(&server.address).await.expect("a connection");
    }
    assert!(server.is_running());
    server.signal(Signal::SIGTERM);
    // Long before its grace is over.
    let status = server.wait_for_exit().await;
    assert_eq!(status.code(), Some(2), "{status}");
}

#[tokio::test]
async fn the_work_of_a_client_that_has_left_is_waited_for() {
    let database = TestDatabase::create().await;
    let settings = [PATIENT, ("DOSSIER_STOP_GRACE", "0")];
    let mut server = Process::start(&database, &settings).await;
    let connection = database.options.connect().await.expect("a connection");
    let mut hold = Hold::after(connection, 0).await;
    let mut wire = Wire::connect(&server.address).await.expect("a connection");
    post(&mut wire).await.expect("sent");
    hold.wait_until_holding().await;
    drop(wire);
    server.signal(Signal::SIGTERM);
    // It does not listen any more: from here on it waits for nothing but the case.
    let begun = Instant::now();
    while Wire::connect(&server.address).await.is_ok() {
        assert!(begun.elapsed() < LONG, "it listens");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(server.is_running(), "it has not waited");
    hold.release().await;
    let status = server.wait_for_exit().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(count(&database).await, 1);
}
