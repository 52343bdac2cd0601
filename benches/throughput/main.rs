//! How near `POST /cases` comes to what PostgreSQL itself can do: `cargo bench --bench throughput`.
//!
//! It starts the server with a private, durable PostgreSQL, and lets the same clients' work be done,
//! round after round and one after the other, by the server over HTTP and by pgbench, which writes
//! the same rows with one prepared statement. `-- --quick` ends within a minute, `-- --rounds N` and
//! `--seconds N` measure longer, `-- --import N` imports that many cases beside as many that are posted
//! one by one, `-- --sizes` goes on with 100,000 and a million cases in the tables, `-- --json FILE`
//! writes the figures. `-- --compare PROGRAM` lets servers take turns instead, to see what a change gives.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

mod client;
mod compare;
mod growth;
mod import;
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
use process::{Program, Server};
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
    /// Go on with 100,000 and a million cases in the tables.
    #[arg(long)]
    sizes: bool,
    /// Compare servers instead: each a path, perhaps after settings, as in
    /// `--compare target/release/dossier --compare 'TOKIO_WORKER_THREADS=1 target/release/dossier'`.
    #[arg(long, conflicts_with_all = ["quick", "sizes", "import", "json"])]
    compare: Vec<Program>,
    /// Import so many cases, and post as many one by one.
    #[arg(long, default_value_t = 0)]
    import: usize,
    /// Where to write the figures as JSON.
    #[arg(long)]
    json: Option<std::path::PathBuf>,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one measurement is of.
struct Measurement<'p> {
    name: &'static str,
    connections: usize,
    payload: Value,
    shape: Shape,
    /// What PostgreSQL does for it, and what that is called.
    ceiling: (&'static str, &'p Pgbench),
}

/// What pgbench does.
struct Ceilings {
    kyb: Pgbench,
    minimal: Pgbench,
    reading: Pgbench,
}

impl Ceilings {
    async fn of(server: &Server) -> Self {
        Self {
            kyb: Pgbench::writing(server, "kyb", &support::kyb()).await,
            minimal: Pgbench::writing(server, "minimal", &support::minimal()).await,
            reading: Pgbench::reading(server, &support::kyb()).await,
        }
    }

    fn measurements(&self) -> [Measurement<'_>; 6] {
        let kyb = |name, connections, shape, ceiling| Measurement {
            name,
            connections,
            payload: support::kyb(),
            shape,
            ceiling,
        };
        [
            kyb(
                "kyb, 1 connection",
                1,
                Shape::Create,
                ("pgbench, kyb, 1 connection", &self.kyb),
            ),
            kyb(
                KYB,
                16,
                Shape::Create,
                ("pgbench, kyb, 16 connections", &self.kyb),
            ),
            kyb(
                "kyb with a key, 16 connections",
                16,
                Shape::CreateOnce,
                ("pgbench, kyb, 16 connections", &self.kyb),
            ),
            kyb(
                "kyb, 64 connections",
                64,
                Shape::Create,
                ("pgbench, kyb, 64 connections", &self.kyb),
            ),
            Measurement {
                payload: support::minimal(),
                ..kyb(
                    "minimal, 16 connections",
                    16,
                    Shape::Create,
                    ("pgbench, minimal, 16 connections", &self.minimal),
                )
            },
            kyb(
                "read a kyb case, 16 connections",
                16,
                Shape::Read,
                ("pgbench, its query, 16 connections", &self.reading),
            ),
        ]
    }
}

/// The measurement that everything is compared with.
const KYB: &str = "kyb, 16 connections";

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
    if arguments.compare.is_empty() {
        runtime.block_on(run(&arguments));
    } else {
        runtime.block_on(compare::compare(&arguments));
    }
}

async fn run(arguments: &Arguments) {
    let time = Duration::from_secs(arguments.seconds);
    let (server, starts) = Server::start(&Program::built()).await;
    let mut report = Report::new(starts);
    let ceilings = Ceilings::of(&server).await;
    fill(&server, time).await;
    ceilings.kyb.run(16, time);
    for round in 1..=arguments.rounds {
        for it in ceilings.measurements() {
            let load = Load::new(&server, it.connections, &it.payload, it.shape);
            report.add(it.name, measure(&server, &load, time).await);
            let (name, pgbench) = it.ceiling;
            let before = server.cpu();
            let rate = pgbench.run(it.connections, time);
            report.add_ceiling(
                it.name,
                name,
                Figure::of_rate(rate, time, server.cpu() - before),
            );
        }
        eprintln!("round {round} of {} is done", arguments.rounds);
    }
    report.note(format!(
        "rows of a kyb case: {}; of a minimal one: {}",
        ceilings.kyb.rows, ceilings.minimal.rows
    ));
    growth::memory(&server, &mut report, time).await;
    growth::companies(&server, &mut report, time).await;
    if arguments.import > 0 {
        import::import(&server, &mut report, arguments.import).await;
    }
    if arguments.sizes {
        growth::tables(&server, &mut report, time, arguments.rounds).await;
    }
    report.finish(&server).await;
    report.print();
    if let Some(file) = &arguments.json {
        std::fs::write(file, report.json().to_string()).expect("the file is written");
    }
    server.stop();
}

/// Fills the tables: plans that were made while they were empty would stay in use until statistics
/// change.
async fn fill(server: &Server, time: Duration) {
    let load = Load::new(server, 16, &support::kyb(), Shape::Create);
    load.run(time).await;
    server.execute("ANALYZE").await;
}

/// One measurement of the server.
async fn measure(server: &Server, load: &Load, time: Duration) -> Figure {
    let statements = server.statements().await;
    let before = server.cpu();
    let done = load.run(time).await;
    let spent = server.cpu() - before;
    let sent = server.statements().await.zip(statements);
    let figure = Figure::of_load(&done, time, spent);
    let count = done.latencies.len() as f64;
    Figure {
        statements: sent.map(|(after, before)| (after - before) / count),
        ..figure
    }
}
