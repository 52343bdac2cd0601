//! Ten thousand clients that disconnect early.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{
    Client, KEY, Ledger, Load, Postgres, Server, case, directory, run_alone, wait_until_idle,
};

const REQUESTS: usize = 10_000;
const WRITERS: usize = 8;
/// Number of concurrent clients, small enough for the server to have started some requests when their clients
/// disconnect.
const CONCURRENT: usize = 6;

/// Creates, which are one statement, and changes of shared cases, which are transactions that wait for each
/// other.
fn request(number: usize, shared_cases: &[String]) -> String {
    let id = shared_cases
        .get(number / 4 % shared_cases.len())
        .expect("a case");
    let (method, path, body): (_, _, Value) = match number % 4 {
        0 | 1 => (
            "POST",
            "/cases".to_owned(),
            case(&format!("leaver-{number}")),
        ),
        2 => (
            "PATCH",
            format!("/cases/{id}"),
            json!({"name": format!("Hot {number}")}),
        ),
        _ => (
            "POST",
            format!("/cases/{id}/reviews"),
            json!({"status": "approved"}),
        ),
    };
    let key = match number % 4 {
        1 | 3 => format!("idempotency-key: leaver-{number}\r\n"),
        _ => String::new(),
    };
    let body = body.to_string();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: chaos\r\nauthorization: Bearer {KEY}\r\n{key}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a request and disconnects after 0 to 20 ms, or after up to 500 ms if `stays`, so that even a busy
/// server starts some of the requests.
async fn send_and_disconnect(address: &str, request: String, stays: bool) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let max_microseconds = if stays { 500_000 } else { 20_000 };
    tokio::time::sleep(Duration::from_micros(rand::random_range(
        0..max_microseconds,
    )))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnecting_clients_do_not_affect_other_writes() {
    let _turn = run_alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let mut server = Server::with_database(&postgres.url(), logs.path(), &[]).await;
    let process = server.process_id();
    let client = Client::new(server.base());
    client.create_tags().await;
    let mut shared_cases = Vec::new();
    for name in ["Hot 1", "Hot 2", "Hot 3"] {
        let created = client.post("/cases", &case(name)).await.expect(201);
        shared_cases.push(created.body["id"].as_str().expect("an id").to_owned());
    }
    let load = Load::start(client.clone(), "writer", WRITERS);
    let started = Instant::now();
    let (mut leavers, at_once) = (JoinSet::new(), Arc::new(Semaphore::new(CONCURRENT)));
    let address = server.base().trim_start_matches("http://").to_owned();
    for number in 0..REQUESTS {
        let permit = Arc::clone(&at_once)
            .acquire_owned()
            .await
            .expect("a permit");
        let (request, address) = (request(number, &shared_cases), address.clone());
        leavers.spawn(async move {
            send_and_disconnect(&address, request, number % 101 == 0).await;
            drop(permit);
        });
    }
    while let Some(ledger_of_disconnected) = leavers.join_next().await {
        ledger_of_disconnected.expect("the server accepts connections");
    }
    println!(
        "storm: {REQUESTS} clients disconnected within {:.1?}",
        started.elapsed()
    );
    let result = load.finish().await;
    assert!(
        result.acknowledged.len() > WRITERS,
        "the writers stored cases"
    );
    wait_until_idle(postgres.options()).await;

    let mut ledger = Ledger::read(postgres.options(), "writer").await;
    assert_eq!(
        ledger.assert_contains(&result.acknowledged).await,
        0,
        "cases that were not acknowledged"
    );
    ledger.assert_readable(&client, &result.acknowledged).await;
    // Some cases of disconnected clients are stored, completely and once.
    let ledger_of_disconnected = Ledger::read(postgres.options(), "leaver").await;
    assert!(
        !ledger_of_disconnected.stored.is_empty(),
        "no case of a disconnected client was stored"
    );
    for stored in &ledger_of_disconnected.stored {
        let parts = [
            stored.companies,
            stored.individuals,
            stored.relations,
            stored.tags,
        ];
        assert_eq!(parts, [2, 2, 4, 2], "{stored:?}");
        assert_eq!(
            [stored.created_case, stored.case_events],
            [1, 1],
            "{stored:?}"
        );
    }
    // Each committed change of a shared case has added one to its version.
    let mut connection = postgres.connect().await;
    let changes = "SELECT sum(version - 1)::bigint FROM cases WHERE name LIKE 'Hot %'";
    let changes: i64 = sqlx::query_scalar(changes)
        .fetch_one(&mut connection)
        .await
        .expect("a sum");
    assert!(changes > 0, "no change of a disconnected client was stored");
    let mut names: Vec<_> = ledger_of_disconnected
        .stored
        .iter()
        .map(|it| &it.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        names.len(),
        ledger_of_disconnected.stored.len(),
        "one case per request"
    );
    assert!(
        server.is_running() && server.process_id() == process,
        "the server was restarted"
    );
    assert!(!server.log().contains("a panic"), "{}", server.log());
    println!(
        "storm: {} rows of writers acknowledged, 0 lost; {} cases of {} disconnected creates are stored, all \
         complete, and {changes} changes; no session is idle in a transaction",
        result.acknowledged.len(),
        ledger_of_disconnected.stored.len(),
        REQUESTS / 2
    );
}
