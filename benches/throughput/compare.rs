//! Compares several servers: other binaries, or the same one with other settings.
//!
//! The servers take turns within one run, because the speed of a shared machine varies more over minutes than
//! most changes do.

use std::time::Duration;

use crate::client::{Load, Shape};
use crate::growth::{MEBIBYTE, large_body, peak_memory};
use crate::measure::{fill, measure};
use crate::process::{Program, Server};
use crate::report::{Figure, median};
use crate::start::start;
use crate::support;

/// A server and its measurements.
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

/// Measures KYB cases over 16 connections on each program in turn, then the memory that each needs.
pub async fn compare(programs: &[Program], rounds: usize, time: Duration) {
    let load = |server: &Server| Load::new(server.port, 16, &support::kyb(), Shape::Create);
    let mut all = Vec::new();
    for program in programs {
        let (server, _) = start(program).await;
        fill(&server, time).await;
        all.push(Compared {
            program: program.clone(),
            server,
            figures: Vec::new(),
        });
    }
    for round in 1..=rounds {
        for it in &mut all {
            let figure = measure(&it.server, &load(&it.server), time).await;
            it.figures.push(figure);
        }
        eprintln!("round {round} of {rounds} is done");
    }
    println!(
        "| program | a second | p50 ms | p99 ms | server CPU ms | PostgreSQL CPU ms | ratio of the \
         two | MiB, 64 connections | memory of three large bodies in turn, in body sizes |"
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
