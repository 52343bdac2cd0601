//! The server is killed, and PostgreSQL under it.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use sqlx::postgres::PgConnectOptions;

use crate::support::{
    Acknowledged, Client, Latencies, Ledger, Load, Postgres, Server, alone, directory, is_idle,
};

const ROUNDS: usize = 20;
const CLIENTS: usize = 16;

/// Some moment within the next so many milliseconds.
async fn some_moment(from: u64, to: u64) {
    tokio::time::sleep(Duration::from_millis(rand::random_range(from..to))).await;
}

/// That what was acknowledged is there, and nothing else: every client had its answer in the end.
async fn nothing_is_lost(
    options: &PgConnectOptions,
    server: &Server,
    client: &Client,
    prefix: &str,
    acknowledged: &[Acknowledged],
) {
    is_idle(options).await;
    let mut ledger = Ledger::read(options, prefix).await;
    let others = ledger.holds(acknowledged).await;
    assert_eq!(others, 0, "cases that nobody was told of");
    ledger.is_read_through(client, acknowledged).await;
    let verified = server.command().args(["audit", "verify"]).output();
    let verified = verified.expect("the binary runs");
    assert!(verified.status.success(), "the seals: {verified:?}");
    assert!(!server.log().contains("a panic"), "{}", server.log());
    println!(
        "{prefix}: {} acknowledged, 0 lost, 0 halves, 0 twice; the seals verify",
        acknowledged.len()
    );
}

/// Kills the server in every round, and starts it again over the same data.
async fn killed(server: &mut Server, name: &'static str) -> Vec<Acknowledged> {
    let client = Client::new(server.base());
    client.make_tags().await;
    let load = Load::start(client, name, CLIENTS);
    let mut starts = Latencies::default();
    for _ in 0..ROUNDS {
        load.more(1).await;
        some_moment(50, 700).await;
        server.kill();
        let begun = std::time::Instant::now();
        server.start_again().await;
        starts.add(begun.elapsed());
    }
    println!("{name}: {ROUNDS} rounds; until it serves again: {starts}");
    load.finish().await.acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_of_its_private_cluster() {
    let _alone = alone().await;
    let data = directory();
    let mut server = Server::private(data.path(), &[]).await;
    let acknowledged = killed(&mut server, "killed-private").await;
    let (options, client) = (server.cluster(), Client::new(server.base()));
    nothing_is_lost(&options, &server, &client, "killed-private", &acknowledged).await;
}

/// Here PostgreSQL goes on: what the dead server had sent is still being done while its clients ask
/// the next one for the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_of_its_database() {
    let _alone = alone().await;
    let (postgres, logs) = (Postgres::start().await, directory());
    let mut server = Server::over(&postgres.url(), logs.path(), &[]).await;
    let acknowledged = killed(&mut server, "killed-over").await;
    let client = Client::new(server.base());
    nothing_is_lost(
        postgres.options(),
        &server,
        &client,
        "killed-over",
        &acknowledged,
    )
    .await;
}

async fn ended(signal: Signal, rounds: usize, name: &'static str, logs: &Path) {
    let mut postgres = Postgres::start().await;
    let mut server = Server::over(&postgres.url(), logs, &[]).await;
    let process = server.process_id();
    let client = Client::new(server.base());
    client.make_tags().await;
    let load = Load::start(client.clone(), name, CLIENTS);
    let mut recoveries = Latencies::default();
    for round in 0..rounds {
        load.more(CLIENTS).await;
        some_moment(0, 400).await;
        postgres.end(signal).await;
        // In some rounds the clients are told so, in others it comes back before.
        if round % 2 == 0 {
            load.more_told_later(1).await;
        } else {
            some_moment(0, 600).await;
        }
        postgres.start_again().await;
        recoveries.add(load.more(1).await);
    }
    println!("{name}: {rounds} rounds; until the next case is stored: {recoveries}");
    let seen = load.finish().await;
    assert!(
        server.is_running() && server.process_id() == process,
        "one process throughout"
    );
    nothing_is_lost(
        postgres.options(),
        &server,
        &client,
        name,
        &seen.acknowledged,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_ended_at_once_loses_nothing_under_a_server_that_stays_up() {
    let _alone = alone().await;
    let logs = directory();
    ended(Signal::SIGQUIT, ROUNDS, "postgres-quit", logs.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_restarted_loses_nothing_under_a_server_that_stays_up() {
    let _alone = alone().await;
    let logs = directory();
    ended(Signal::SIGINT, 5, "postgres-restart", logs.path()).await;
}
