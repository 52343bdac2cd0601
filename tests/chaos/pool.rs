//! An exhausted pool, terminated connections, and slow statements.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::task::JoinSet;

use crate::support::{
    Client, LONG, Latencies, Ledger, Load, Postgres, Server, case, directory, run_alone,
    wait_until_idle,
};

const CLIENTS: usize = 16;

async fn run(connection: &mut PgConnection, statement: &str) {
    let result = sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await;
    result.expect("the statement");
}

/// All clients change or read a locked case, over a pool of two connections.
#[tokio::test(flavor = "multi_thread")]
async fn returns_503_while_the_pool_is_exhausted_and_recovers() {
    let _turn = run_alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let settings = [("DOSSIER_POOL_SIZE", "2")];
    let mut server = Server::with_database(&postgres.url(), logs.path(), &settings).await;
    let client = Client::new(server.base());
    client.create_tags().await;
    let created = client.post("/cases", &case("Locked")).await.expect(201);
    let path = format!("/cases/{}", created.body["id"].as_str().expect("an id"));
    let mut outside = postgres.connect().await;
    run(&mut outside, "BEGIN; SELECT id FROM cases FOR UPDATE").await;

    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, path) = (client.clone(), path.clone());
        clients.spawn(async move {
            let mut responses = Vec::new();
            for round in 0..5 {
                let key = format!("locked-{number}-{round}");
                let body = json!({"name": format!("Changed {number}")});
                let sent = match number % 4 {
                    0 => {
                        client
                            .send(Method::POST, "/cases", Some(&key), &case(&key))
                            .await
                    }
                    1 => {
                        client
                            .send(Method::GET, &path, None, &serde_json::Value::Null)
                            .await
                    }
                    _ => client.send(Method::PATCH, &path, None, &body).await,
                };
                responses.push(sent.expect("a response"));
            }
            responses
        });
    }
    let mut kinds = BTreeMap::<String, Latencies>::new();
    while let Some(responses) = clients.join_next().await {
        for response in responses.expect("no panic") {
            // Creates and reads need no lock, and can find a free connection.
            let succeeded = response.status.is_success();
            assert!(
                succeeded || response.asks_for_retry(),
                "{} {}",
                response.status,
                response.body
            );
            let kind = kinds.entry(response.kind()).or_default();
            kind.add(response.latency);
        }
    }
    for (kind, time) in &kinds {
        println!("pool of 2, locked rows: {kind}: {time}");
    }
    let times_of = |kind| kinds.get(kind).cloned().unwrap_or_default();
    let (busy, exhausted) = (
        times_of("503 /problems/busy"),
        times_of("503 /problems/overloaded"),
    );
    assert!(busy.count() > 0, "no request waited for the lock");
    assert!(exhausted.count() > 0, "the pool was not exhausted");

    run(&mut outside, "ROLLBACK").await;
    let started = Instant::now();
    let change = json!({"name": "Free"});
    client.patch(&path, &change).await.expect(200);
    println!("pool of 2: the next change after {:?}", started.elapsed());
    let load = Load::start(client, "after-exhaustion", CLIENTS);
    load.wait_for_cases(CLIENTS).await;
    let result = load.finish().await;
    let mut ledger = Ledger::read(postgres.options(), "after-exhaustion").await;
    assert_eq!(
        ledger.assert_contains(&result.acknowledged).await,
        0,
        "cases that were not acknowledged"
    );
    wait_until_idle(postgres.options()).await;
    assert!(server.is_running());
}

/// Terminates random sessions of the server.
#[tokio::test(flavor = "multi_thread")]
async fn terminated_connections_lose_no_acknowledged_case_and_duplicate_none() {
    let _turn = run_alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let mut server = Server::with_database(&postgres.url(), logs.path(), &[]).await;
    let client = Client::new(server.base());
    client.create_tags().await;
    let load = Load::start(client.clone(), "cut", CLIENTS);
    let mut outside = postgres.connect().await;
    let (started, mut terminated, mut active) = (Instant::now(), 0, 0);
    while active < 200 || load.stored() < 100 {
        assert!(
            started.elapsed() < LONG,
            "only {} cases, {active} of {terminated} terminated sessions were active",
            load.stored()
        );
        // Prefers sessions in a transaction.
        let ended: Option<bool> = sqlx::query_scalar(
            "WITH one AS (
                 SELECT pid, state FROM pg_stat_activity WHERE application_name = 'dossier'
                 ORDER BY (xact_start IS NOT NULL) DESC, random() LIMIT 1
             )
             SELECT pg_terminate_backend(pid) AND state <> 'idle' FROM one",
        )
        .fetch_optional(&mut outside)
        .await
        .expect("the sessions");
        terminated += usize::from(ended.is_some());
        active += usize::from(ended == Some(true));
        tokio::time::sleep(Duration::from_millis(rand::random_range(10..60))).await;
    }
    let result = load.finish().await;
    println!("connections: {terminated} sessions terminated, {active} of them active");
    let mut ledger = Ledger::read(postgres.options(), "cut").await;
    assert_eq!(
        ledger.assert_contains(&result.acknowledged).await,
        0,
        "cases that were not acknowledged"
    );
    ledger.assert_readable(&client, &result.acknowledged).await;
    wait_until_idle(postgres.options()).await;
    assert!(server.is_running());
}

/// Each insert takes longer than the request timeout.
#[tokio::test(flavor = "multi_thread")]
async fn slow_statements_return_503_and_store_nothing() {
    let _turn = run_alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let settings = [("DOSSIER_REQUEST_TIMEOUT", "1")];
    let mut server = Server::with_database(&postgres.url(), logs.path(), &settings).await;
    let client = Client::new(server.base());
    client.create_tags().await;
    let mut outside = postgres.connect().await;
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(5); RETURN NEW; END $$;
                CREATE TRIGGER slow BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION slow()";
    run(&mut outside, slow).await;
    let posts = (0..CLIENTS).map(async |number| {
        let key = format!("slow-{number}");
        let sent = client
            .send(Method::POST, "/cases", Some(&key), &case(&key))
            .await;
        sent.expect("a response")
    });
    let responses = futures_util::future::join_all(posts).await;
    let mut times = Latencies::default();
    for response in responses {
        assert!(
            response.asks_for_retry(),
            "{} {}",
            response.status,
            response.body
        );
        times.add(response.latency);
    }
    println!("statement timeout of 1 s: responses: {times}");
    wait_until_idle(postgres.options()).await;
    let stored = Ledger::read(postgres.options(), "slow").await.stored;
    assert!(stored.is_empty(), "{stored:?}");

    run(&mut outside, "DROP TRIGGER slow ON cases").await;
    let load = Load::start(client, "slow", CLIENTS);
    load.wait_for_cases(CLIENTS).await;
    let result = load.finish().await;
    let mut ledger = Ledger::read(postgres.options(), "slow").await;
    assert_eq!(
        ledger.assert_contains(&result.acknowledged).await,
        0,
        "cases that were not acknowledged"
    );
    assert!(server.is_running());
}
