//! Several servers beside each other: other binaries, or the same with other settings.
//!
//! What a change gives is less than what a shared machine loses from one minute to the next, so
//! that the servers have to take turns within one run.

use std::time::Duration;

use crate::client::{Load, Shape};
use crate::growth::{MEBIBYTE, large_body, peak_memory};
use crate::process::{Program, Server};
use crate::report::{Figure, median};
use crate::{Arguments, fill, measure, support};

/// One of the servers, and what was seen of it.
struct Compared {
    program: Program,
    server: Server,
    figures: Vec<Figure>,
}

impl Compared {
    fn median(&self, of: impl Fn(&Figure) -> f64) -> f64 {
        median(self.figures.iter().map(of))
    }
}

/// Lets each of the programs create KYB cases over 16 connections in turn, then shows what memory
/// each needs.
pub async fn compare(arguments: &Arguments) {
    let time = Duration::from_secs(arguments.seconds);
    let load = |server: &Server| Load::new(server, 16, &support::kyb(), Shape::Create);
    let mut all = Vec::new();
    for program in &arguments.compare {
        let (server, _) = Server::start(program).await;
        fill(&server, time).await;
        all.push(Compared {
            program: program.clone(),
            server,
            figures: Vec::new(),
        });
    }
    for round in 1..=arguments.rounds {
        for it in &mut all {
            let figure = measure(&it.server, &load(&it.server), time).await;
            it.figures.push(figure);
        }
        eprintln!("round {round} of {} is done", arguments.rounds);
    }
    println!(
        "| program | a second | p50 ms | p99 ms | server CPU ms | PostgreSQL CPU ms | ratio of the \
         two | MiB, 64 connections | three large bodies in turn add, in bodies |"
    );
    println!("|{}", " --- |".repeat(9));
    for it in all {
        let milliseconds = |of: fn(&Figure) -> Option<Duration>| {
            it.median(|figure| of(figure).unwrap_or_default().as_secs_f64() * 1_000.0)
        };
        let peak = peak_memory(&it.server, time).await / MEBIBYTE;
        let mut bodies = Vec::new();
        for _ in 0..3 {
            let added = large_body(&it.server).await;
            bodies.push(format!("{:.1}", added.bytes / added.body));
        }
        println!(
            "| {} | {:.0} | {:.1} | {:.1} | {:.3} | {:.3} | {:.3} | {peak:.0} | {} |",
            it.program,
            it.median(|figure| figure.rate),
            milliseconds(|figure| figure.p50),
            milliseconds(|figure| figure.p99),
            it.median(|figure| figure.server_ms),
            it.median(|figure| figure.postgres_ms),
            it.median(|figure| figure.server_ms / figure.postgres_ms),
            bodies.join(", "),
        );
        it.server.stop();
    }
}
