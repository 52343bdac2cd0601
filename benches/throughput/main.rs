//! Compares `POST /cases` with what PostgreSQL can do by itself: `cargo bench --bench throughput`.
//!
//! Starts the server with a private, durable PostgreSQL. In each round, the server does the work over HTTP, then
//! pgbench inserts the same rows with one prepared statement. Options, after `--`:
//!
//! - `--quick` finishes within a minute; `--rounds N` and `--seconds N` measure longer.
//! - `--import N` compares an import of that many cases with single creates.
//! - `--sizes` repeats the measurements with 100,000 and a million cases in the tables.
//! - `--json FILE` writes the figures.
//! - `--compare PROGRAM` compares several servers instead.

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
mod measure;
mod pgbench;
mod process;
mod report;
mod rows;
mod start;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use clap::Parser;
use serde_json::Value;

use client::{Load, Shape};
use measure::{KYB, fill, measure};
use pgbench::Pgbench;
use process::{Program, Server};
use report::{Figure, Report};
use start::start;

/// Command-line arguments.
#[derive(Debug, Parser)]
struct Arguments {
    /// Finish within a minute.
    #[arg(long)]
    quick: bool,
    /// Number of rounds.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each measurement of a round.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Measure with 100,000 and a million cases in the tables as well.
    #[arg(long)]
    sizes: bool,
    /// Compare servers instead. Each value is a path, which settings can precede, as in `--compare
    /// target/release/dossier --compare 'TOKIO_WORKER_THREADS=1 target/release/dossier'`.
    #[arg(long, conflicts_with_all = ["quick", "sizes", "import", "json"])]
    compare: Vec<Program>,
    /// Compare an import of this many cases with as many single creates.
    #[arg(long, default_value_t = 0)]
    import: usize,
    /// Write the figures to this file as JSON.
    #[arg(long)]
    json: Option<std::path::PathBuf>,
    /// Cargo passes this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A measurement.
struct Measurement<'p> {
    name: &'static str,
    connections: usize,
    payload: Value,
    shape: Shape,
    /// The name and the pgbench script of the same work without the server.
    ceiling: (&'static str, &'p Pgbench),
}

/// The pgbench scripts.
struct Ceilings {
    kyb: Pgbench,
    minimal: Pgbench,
    reading: Pgbench,
}

impl Ceilings {
    async fn prepare(server: &Server) -> Self {
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
    let time = Duration::from_secs(arguments.seconds);
    if arguments.compare.is_empty() {
        runtime.block_on(run(&arguments, time));
    } else {
        runtime.block_on(compare::compare(&arguments.compare, arguments.rounds, time));
    }
}

async fn run(arguments: &Arguments, time: Duration) {
    let (server, starts) = start(&Program::built()).await;
    let mut report = Report::new(starts);
    let ceilings = Ceilings::prepare(&server).await;
    fill(&server, time).await;
    ceilings.kyb.run(16, time);
    for round in 1..=arguments.rounds {
        for it in ceilings.measurements() {
            let load = Load::new(server.port, it.connections, &it.payload, it.shape);
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
        std::fs::write(file, report.json().to_string()).expect("the file");
    }
    server.stop();
}
