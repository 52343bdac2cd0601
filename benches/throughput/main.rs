//! How near `POST /cases` comes to what PostgreSQL itself can do: `cargo bench --bench throughput`.
//!
//! It starts the server with a private, durable PostgreSQL, and lets the same clients' work be done,
//! round after round and one after the other, by the server over HTTP and by pgbench, which writes
//! the same rows with one prepared statement. `-- --quick` ends within a minute, `-- --rounds N`
//! measures longer, `-- --json FILE` writes the figures.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

mod client;
mod pgbench;
mod process;
mod report;
mod rows;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use clap::Parser;
use serde_json::Value;

use client::{Load, Shape};
use pgbench::Pgbench;
use process::Server;
use report::{Figure, Report};

/// How the benchmark runs.
#[derive(Debug, Parser)]
struct Arguments {
    /// End within a minute.
    #[arg(long)]
    quick: bool,
    /// How many rounds are measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many seconds each measurement of a round takes.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Where to write the figures as JSON.
    #[arg(long)]
    json: Option<std::path::PathBuf>,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one measurement is of.
struct Measurement {
    name: &'static str,
    connections: usize,
    payload: Value,
    shape: Shape,
}

fn measurements() -> Vec<Measurement> {
    let measure = |name, connections, payload: fn() -> Value, shape| Measurement {
        name,
        connections,
        payload: payload(),
        shape,
    };
    vec![
        measure("kyb, 1 connection", 1, support::kyb, Shape::Create),
        measure("kyb, 16 connections", 16, support::kyb, Shape::Create),
        measure("kyb, 64 connections", 64, support::kyb, Shape::Create),
        measure(
            "kyb with a key, 16 connections",
            16,
            support::kyb,
            Shape::CreateOnce,
        ),
        measure(
            "minimal, 16 connections",
            16,
            support::minimal,
            Shape::Create,
        ),
        measure(
            "read a kyb case, 16 connections",
            16,
            support::kyb,
            Shape::Read,
        ),
    ]
}

fn main() {
    let mut arguments = Arguments::parse();
    if arguments.quick {
        (arguments.rounds, arguments.seconds) = (1, 2);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run(&arguments));
}

async fn run(arguments: &Arguments) {
    let time = Duration::from_secs(arguments.seconds);
    let (server, starts) = Server::start().await;
    let mut report = Report::new(starts);
    let kyb = Pgbench::writing(&server, "kyb", &support::kyb()).await;
    let minimal = Pgbench::writing(&server, "minimal", &support::minimal()).await;
    let reading = Pgbench::reading(&server, &support::kyb()).await;
    // Plans that were made while the tables were empty would stay in use until statistics change.
    Load::new(&server, 16, &support::kyb(), Shape::Create)
        .run(time)
        .await;
    server.analyze().await;
    kyb.run(16, time);
    for round in 1..=arguments.rounds {
        for it in measurements() {
            let before = server.cpu();
            let load = Load::new(&server, it.connections, &it.payload, it.shape);
            let done = load.run(time).await;
            let spent = server.cpu() - before;
            report.add(it.name, Figure::of_load(&done, time, spent));
        }
        for (name, pgbench, connections) in [
            ("pgbench, kyb, 1 connection", &kyb, 1),
            ("pgbench, kyb, 16 connections", &kyb, 16),
            ("pgbench, kyb, 64 connections", &kyb, 64),
            ("pgbench, minimal, 16 connections", &minimal, 16),
            ("pgbench, read a kyb case, 16 connections", &reading, 16),
        ] {
            let before = server.cpu();
            let rate = pgbench.run(connections, time);
            report.add(name, Figure::of_rate(rate, time, server.cpu() - before));
        }
        eprintln!("round {round} of {} is done", arguments.rounds);
    }
    report.note(format!(
        "rows of a kyb case: {}; of a minimal one: {}",
        kyb.rows, minimal.rows
    ));
    for companies in [1, 10, 100, 1_000] {
        let load = Load::new(&server, 4, &support::chain(companies), Shape::Create);
        let rate = load.run(time).await.latencies.len() as f64 / time.as_secs_f64();
        let each = 1_000.0 / (rate * companies as f64);
        report.note(format!(
            "{companies} companies: {rate:.1} cases a second, {each:.2} ms a company"
        ));
    }
    report.finish(&server).await;
    report.print();
    if let Some(file) = &arguments.json {
        std::fs::write(file, report.json().to_string()).expect("the file is written");
    }
    server.stop();
}
