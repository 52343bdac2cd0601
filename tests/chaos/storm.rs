//! Ten thousand clients that leave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{
    Client, KEY, Ledger, Load, Postgres, Server, alone, case, directory, is_idle,
};

const REQUESTS: usize = 10_000;
const WRITERS: usize = 8;
/// How many of them are connected at once: few enough for the server to have begun with some of them
/// when they leave.
const AT_ONCE: usize = 6;

/// Creates, which are one statement, and changes of cases that everybody changes, which are
/// transactions that wait for each other.
fn request(number: usize, hot: &[String]) -> String {
    let id = hot.get(number / 4 % hot.len()).expect("a case");
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

/// Sends a request, and is gone after 0 to 20 ms. Some stay for up to half a second, so that the server begins
/// with some of them on a busy machine too.
async fn leave(address: &str, request: String, stays: bool) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is sent");
    let most = if stays { 500_000 } else { 20_000 };
    tokio::time::sleep(Duration::from_micros(rand::random_range(0..most))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_leave_take_nobodys_rows_along() {
    let _alone = alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let mut server = Server::over(&postgres.url(), logs.path(), &[]).await;
    let process = server.process_id();
    let client = Client::new(server.base());
    client.make_tags().await;
    let mut hot = Vec::new();
    for name in ["Hot 1", "Hot 2", "Hot 3"] {
        let made = client.post("/cases", &case(name)).await.expect(201);
        hot.push(made.body["id"].as_str().expect("an id").to_owned());
    }
    let load = Load::start(client.clone(), "writer", WRITERS);
    let begun = Instant::now();
    let (mut leavers, at_once) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    let address = server.base().trim_start_matches("http://").to_owned();
    for number in 0..REQUESTS {
        let turn = Arc::clone(&at_once).acquire_owned().await.expect("a turn");
        let (request, address) = (request(number, &hot), address.clone());
        leavers.spawn(async move {
            leave(&address, request, number % 101 == 0).await;
            drop(turn);
        });
    }
    while let Some(left) = leavers.join_next().await {
        left.expect("the server takes connections");
    }
    println!(
        "storm: {REQUESTS} clients left within {:.1?}",
        begun.elapsed()
    );
    let seen = load.finish().await;
    assert!(seen.acknowledged.len() > WRITERS, "the writers wrote");
    is_idle(postgres.options()).await;

    let mut ledger = Ledger::read(postgres.options(), "writer").await;
    assert_eq!(
        ledger.holds(&seen.acknowledged).await,
        0,
        "cases that nobody was told of"
    );
    ledger.is_read_through(&client, &seen.acknowledged).await;
    // Of those who left some had their case stored: whole, and once.
    let left = Ledger::read(postgres.options(), "leaver").await;
    assert!(
        !left.stored.is_empty(),
        "nobody left after the server had begun"
    );
    for stored in &left.stored {
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
    // Each change of a hot case that was committed has added one to its version.
    let mut connection = postgres.connect().await;
    let changes = "SELECT sum(version - 1)::bigint FROM cases WHERE name LIKE 'Hot %'";
    let changes: i64 = sqlx::query_scalar(changes)
        .fetch_one(&mut connection)
        .await
        .expect("a sum");
    assert!(changes > 0, "nobody left after a transaction had begun");
    let mut names: Vec<_> = left.stored.iter().map(|it| &it.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), left.stored.len(), "one case for each request");
    assert!(
        server.is_running() && server.process_id() == process,
        "one process throughout"
    );
    assert!(!server.log().contains("a panic"), "{}", server.log());
    println!(
        "storm: {} rows of writers acknowledged, 0 lost; {} cases of {} that left are stored, all \
         whole, and {changes} changes; no session is idle in a transaction",
        seen.acknowledged.len(),
        left.stored.len(),
        REQUESTS / 2
    );
}
