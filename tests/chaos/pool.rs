//! A pool that is exhausted, connections that are cut, statements that take too long.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::task::JoinSet;

use crate::support::{
    Client, LONG, Latencies, Ledger, Load, Postgres, Server, alone, case, directory, is_idle,
};

const CLIENTS: usize = 16;

async fn run(connection: &mut PgConnection, statement: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await;
    done.expect("the statement");
}

/// Everybody changes what somebody else has locked, and reads: two connections are not enough.
#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_pool_says_so_and_recovers() {
    let _alone = alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let settings = [("DOSSIER_POOL_SIZE", "2")];
    let mut server = Server::over(&postgres.url(), logs.path(), &settings).await;
    let client = Client::new(server.base());
    client.make_tags().await;
    let made = client.post("/cases", &case("Locked")).await.expect(201);
    let path = format!("/cases/{}", made.body["id"].as_str().expect("an id"));
    let mut outside = postgres.connect().await;
    run(&mut outside, "BEGIN; SELECT id FROM cases FOR UPDATE").await;

    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, path) = (client.clone(), path.clone());
        clients.spawn(async move {
            let mut answers = Vec::new();
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
                answers.push(sent.expect("an answer"));
            }
            answers
        });
    }
    let mut kinds = BTreeMap::<String, Latencies>::new();
    while let Some(answers) = clients.join_next().await {
        for answer in answers.expect("a client ends") {
            // Creates and reads need no lock: with luck they find a connection.
            let is_done = answer.status.is_success();
            assert!(
                is_done || answer.is_later(),
                "{} {}",
                answer.status,
                answer.body
            );
            let kind = kinds.entry(answer.kind()).or_default();
            kind.add(answer.took);
        }
    }
    for (kind, took) in &kinds {
        println!("pool of 2, rows locked: {kind}: {took}");
    }
    let of = |kind| kinds.get(kind).cloned().unwrap_or_default();
    let (busy, exhausted) = (of("503 /problems/busy"), of("503 /problems/overloaded"));
    assert!(busy.count() > 0, "nobody waited for the lock");
    assert!(exhausted.count() > 0, "the pool was enough");

    run(&mut outside, "ROLLBACK").await;
    let begun = Instant::now();
    let change = json!({"name": "Free"});
    client.patch(&path, &change).await.expect(200);
    println!("pool of 2: the next change after {:?}", begun.elapsed());
    let load = Load::start(client, "after-exhaustion", CLIENTS);
    load.more(CLIENTS).await;
    let seen = load.finish().await;
    let mut ledger = Ledger::read(postgres.options(), "after-exhaustion").await;
    assert_eq!(
        ledger.holds(&seen.acknowledged).await,
        0,
        "cases that nobody was told of"
    );
    is_idle(postgres.options()).await;
    assert!(server.is_running());
}

/// Sessions of the server are ended at random, whatever they are at.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_is_no_success_without_a_row_and_none_twice() {
    let _alone = alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let mut server = Server::over(&postgres.url(), logs.path(), &[]).await;
    let client = Client::new(server.base());
    client.make_tags().await;
    let load = Load::start(client.clone(), "cut", CLIENTS);
    let mut outside = postgres.connect().await;
    let (begun, mut cut, mut within) = (Instant::now(), 0, 0);
    while within < 200 || load.stored() < 100 {
        assert!(
            begun.elapsed() < LONG,
            "{} cases only, and {within} of {cut} cut at work",
            load.stored()
        );
        // One that works, if there is one: those in the middle of a transaction before others.
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
        cut += usize::from(ended.is_some());
        within += usize::from(ended == Some(true));
        tokio::time::sleep(Duration::from_millis(rand::random_range(10..60))).await;
    }
    let seen = load.finish().await;
    println!("cut: {cut} sessions ended, {within} of them at work");
    let mut ledger = Ledger::read(postgres.options(), "cut").await;
    assert_eq!(
        ledger.holds(&seen.acknowledged).await,
        0,
        "cases that nobody was told of"
    );
    ledger.is_read_through(&client, &seen.acknowledged).await;
    is_idle(postgres.options()).await;
    assert!(server.is_running());
}

/// Postgres takes longer over each case than a request may take.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_not_now_and_stores_nothing() {
    let _alone = alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let settings = [("DOSSIER_REQUEST_TIMEOUT", "1")];
    let mut server = Server::over(&postgres.url(), logs.path(), &settings).await;
    let client = Client::new(server.base());
    client.make_tags().await;
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
        sent.expect("an answer")
    });
    let answers = futures_util::future::join_all(posts).await;
    let mut later = Latencies::default();
    for answer in answers {
        assert!(answer.is_later(), "{} {}", answer.status, answer.body);
        later.add(answer.took);
    }
    println!("statement timeout of 1 s: later: {later}");
    is_idle(postgres.options()).await;
    let stored = Ledger::read(postgres.options(), "slow").await.stored;
    assert!(stored.is_empty(), "{stored:?}");

    run(&mut outside, "DROP TRIGGER slow ON cases").await;
    let load = Load::start(client, "slow", CLIENTS);
    load.more(CLIENTS).await;
    let seen = load.finish().await;
    let mut ledger = Ledger::read(postgres.options(), "slow").await;
    assert_eq!(
        ledger.holds(&seen.acknowledged).await,
        0,
        "cases that nobody was told of"
    );
    assert!(server.is_running());
}
