//! Kills of the server and of its PostgreSQL.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use sqlx::postgres::PgConnectOptions;

use crate::support::{
    Acknowledged, Client, Latencies, Ledger, Load, Postgres, Server, directory, run_alone,
    wait_until_idle,
};

const ROUNDS: usize = 20;
const CLIENTS: usize = 16;

/// Waits for a random time, in milliseconds.
async fn random_pause(from: u64, to: u64) {
    tokio::time::sleep(Duration::from_millis(rand::random_range(from..to))).await;
}

/// Asserts that the acknowledged cases are stored, and no others: every client had its response in the end.
async fn assert_nothing_is_lost(
    options: &PgConnectOptions,
    server: &Server,
    client: &Client,
    prefix: &str,
    acknowledged: &[Acknowledged],
) {
    wait_until_idle(options).await;
    let mut ledger = Ledger::read(options, prefix).await;
    let others = ledger.assert_contains(acknowledged).await;
    assert_eq!(others, 0, "cases that were not acknowledged");
    ledger.assert_readable(client, acknowledged).await;
    let verified = server.command().args(["audit", "verify"]).output();
    let verified = verified.expect("the binary runs");
    assert!(verified.status.success(), "the seals: {verified:?}");
    assert!(!server.log().contains("a panic"), "{}", server.log());
    println!(
        "{prefix}: {} acknowledged, 0 lost, 0 incomplete, 0 duplicates; the seals verify",
        acknowledged.len()
    );
}

/// Kills the server in every round and restarts it over the same data.
async fn run_with_kills(server: &mut Server, name: &'static str) -> Vec<Acknowledged> {
    let client = Client::new(server.base());
    client.create_tags().await;
    let load = Load::start(client, name, CLIENTS);
    let mut starts = Latencies::default();
    for _ in 0..ROUNDS {
        load.wait_for_cases(1).await;
        random_pause(50, 700).await;
        server.kill();
        let started = std::time::Instant::now();
        server.start_again().await;
        starts.add(started.elapsed());
    }
    println!("{name}: {ROUNDS} rounds; time to readiness: {starts}");
    load.finish().await.acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn loses_nothing_when_the_server_with_a_private_cluster_is_killed() {
    let _turn = run_alone().await;
    let data = directory();
    let mut server = Server::private(data.path(), &[]).await;
    let acknowledged = run_with_kills(&mut server, "killed-private").await;
    let (options, client) = (server.cluster(), Client::new(server.base()));
    assert_nothing_is_lost(&options, &server, &client, "killed-private", &acknowledged).await;
}

/// PostgreSQL keeps running: statements of the killed server can still be in progress when its clients retry
/// on the next server.
#[tokio::test(flavor = "multi_thread")]
async fn loses_nothing_when_the_server_with_an_external_database_is_killed() {
    let _turn = run_alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let mut server = Server::with_database(&postgres.url(), logs.path(), &[]).await;
    let acknowledged = run_with_kills(&mut server, "killed-over").await;
    let client = Client::new(server.base());
    assert_nothing_is_lost(
        postgres.options(),
        &server,
        &client,
        "killed-over",
        &acknowledged,
    )
    .await;
}

async fn run_with_postgres_stops(signal: Signal, rounds: usize, name: &'static str, logs: &Path) {
    let mut postgres = Postgres::start().await;
    let mut server = Server::with_database(&postgres.url(), logs, &[]).await;
    let process = server.process_id();
    let client = Client::new(server.base());
    client.create_tags().await;
    let load = Load::start(client.clone(), name, CLIENTS);
    let mut recoveries = Latencies::default();
    for round in 0..rounds {
        load.wait_for_cases(CLIENTS).await;
        random_pause(0, 400).await;
        postgres.stop(signal).await;
        // In half of the rounds, the clients receive 503 responses before PostgreSQL restarts.
        if round % 2 == 0 {
            load.wait_for_retry_responses(1).await;
        } else {
            random_pause(0, 600).await;
        }
        postgres.start_again().await;
        recoveries.add(load.wait_for_cases(1).await);
    }
    println!("{name}: {rounds} rounds; time until the next case is stored: {recoveries}");
    let result = load.finish().await;
    assert!(
        server.is_running() && server.process_id() == process,
        "the server was restarted"
    );
    assert_nothing_is_lost(
        postgres.options(),
        &server,
        &client,
        name,
        &result.acknowledged,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loses_nothing_when_postgres_is_stopped_immediately() {
    let _turn = run_alone().await;
    let logs = directory();
    run_with_postgres_stops(Signal::SIGQUIT, ROUNDS, "postgres-quit", logs.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loses_nothing_when_postgres_is_restarted() {
    let _turn = run_alone().await;
    let logs = directory();
    run_with_postgres_stops(Signal::SIGINT, 5, "postgres-restart", logs.path()).await;
}
