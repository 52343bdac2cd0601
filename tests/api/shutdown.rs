//! Shutdown: the server responds to every request that it has accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use sqlx::{ConnectOptions, Executor, Row};
use tokio::sync::Notify;

use crate::support::{Hold, KEY, Process, TestDatabase, Wire, WireResponse, poll};

const BODY: &str = "{\"name\": \"A\"}";
const CLIENTS: usize = 16;
/// A request timeout that even a busy machine does not reach.
const LONG_TIMEOUT: (&str, &str) = ("DOSSIER_REQUEST_TIMEOUT", "600");

async fn post(wire: &mut Wire) -> std::io::Result<()> {
    let key = format!("Bearer {KEY}");
    wire.send("POST /cases", &[("authorization", &key)], BODY)
        .await
}

/// Returns whether the case was stored. On a busy machine the response can be a 503 that means that nothing
/// was stored.
fn is_created(response: &WireResponse) -> bool {
    let asks_for_retry =
        response.status == 503 && !response.body.contains("/problems/outcome-unknown");
    assert!(
        response.status == 201 || asks_for_retry,
        "{}",
        response.body
    );
    !asks_for_retry
}

/// The responses that a client received.
#[derive(Default)]
struct ClientResult {
    created: usize,
    unanswered: usize,
    was_closed: bool,
}

/// Creates cases over one connection, with pauses, until a response closes it.
async fn client(
    address: String,
    pause: Duration,
    created: Arc<AtomicUsize>,
    enough: Arc<Notify>,
) -> ClientResult {
    let mut result = ClientResult::default();
    let mut wire = Wire::connect(&address).await.expect("a connection");
    loop {
        let sent = post(&mut wire).await;
        let response = wire.next_response().await;
        let (Ok(()), Some(response)) = (sent, response) else {
            result.unanswered += 1;
            break;
        };
        if is_created(&response) {
            result.created += 1;
            if created.fetch_add(1, Ordering::SeqCst) == 10 * CLIENTS {
                enough.notify_one();
            }
        }
        if response.is_last() {
            result.was_closed = true;
            break;
        }
        tokio::time::sleep(pause).await;
    }
    result
}

async fn count(database: &TestDatabase) -> usize {
    let mut connection = database.options.connect().await.expect("a connection");
    let row = connection.fetch_one("SELECT count(*) FROM cases").await;
    let count: i64 = row.expect("a count").get(0);
    usize::try_from(count).expect("a count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responds_to_every_request_of_busy_clients_during_shutdown() {
    let database = TestDatabase::create().await;
    let mut server = Process::start(&database, &[LONG_TIMEOUT]).await;
    let (created, enough) = (Arc::default(), Arc::new(Notify::new()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let address = server.address.clone();
            // Half of the clients send without pauses.
            let pause = Duration::from_millis(if number < CLIENTS / 2 { 0 } else { 20 });
            tokio::spawn(client(address, pause, Arc::clone(&created), enough.clone()))
        })
        .collect();
    enough.notified().await;
    server.signal(Signal::SIGTERM);
    let mut acknowledged = 0;
    for client in clients {
        let result = client.await.expect("no panic");
        assert_eq!(result.unanswered, 0, "a request had no response");
        assert!(result.was_closed, "the server closed the connection");
        acknowledged += result.created;
    }
    let status = server.wait_for_exit().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(acknowledged > 10 * CLIENTS);
    assert_eq!(count(&database).await, acknowledged);
}

#[tokio::test]
async fn serves_but_is_not_ready_during_the_grace_period_until_a_second_signal() {
    let database = TestDatabase::create().await;
    let settings = [LONG_TIMEOUT, ("DOSSIER_STOP_GRACE", "600")];
    let mut server = Process::start(&database, &settings).await;
    let mut before = Wire::connect(&server.address).await.expect("a connection");
    before.send("GET /readyz", &[], "").await.expect("sent");
    let ready = before.next_response().await.expect("a response");
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert!(!ready.is_last());
    server.signal(Signal::SIGINT);
    let refused = poll(async || {
        let mut probe = Wire::connect(&server.address).await.expect("a connection");
        probe.send("GET /readyz", &[], "").await.expect("sent");
        let response = probe.next_response().await.expect("a response");
        if response.status == 200 {
            Err(response)
        } else {
            Ok(response)
        }
    })
    .await;
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
    // The server exits long before the grace period ends.
    let status = server.wait_for_exit().await;
    assert_eq!(status.code(), Some(2), "{status}");
}

#[tokio::test]
async fn waits_for_the_work_of_disconnected_clients() {
    let database = TestDatabase::create().await;
    let settings = [LONG_TIMEOUT, ("DOSSIER_STOP_GRACE", "0")];
    let mut server = Process::start(&database, &settings).await;
    let connection = database.options.connect().await.expect("a connection");
    let mut hold = Hold::after(connection, 0).await;
    let mut wire = Wire::connect(&server.address).await.expect("a connection");
    post(&mut wire).await.expect("sent");
    hold.wait_until_holding().await;
    drop(wire);
    server.signal(Signal::SIGTERM);
    // Once the port is closed, the server waits only for the case.
    poll(async || match Wire::connect(&server.address).await {
        Ok(_) => Err("the port is open"),
        Err(_) => Ok(()),
    })
    .await;
    assert!(server.is_running(), "the server does not wait");
    hold.release().await;
    let status = server.wait_for_exit().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(count(&database).await, 1);
}
