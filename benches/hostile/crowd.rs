//! Latency of other requests while eight clients of one workspace send the worst body without pauses.

use std::time::{Duration, Instant};

use futures_util::future::{join_all, join3};
use reqwest::Method;

use crate::Bench;
use crate::bodies::Hostile;
use crate::support::KEY;

/// Number of clients that send large bodies.
const CLIENTS: usize = 8;
/// Upper bound of the 99th percentile of the other requests.
const MAX_P99: Duration = Duration::from_millis(100);
/// API key of another workspace.
const OTHER: &str = "dossier_hostile_other_workspace";

/// Prints the latencies of the other requests. Returns whether they exceed [`MAX_P99`].
pub async fn measure(bench: &Bench, worst: &Hostile, time: Duration) -> bool {
    let workspace = "INSERT INTO workspaces (id, name)
            VALUES ('0198a000-0000-4000-8000-00000000bb01', 'Other');
        INSERT INTO api_keys (id, workspace_id, hash)
            VALUES ('hostile', '0198a000-0000-4000-8000-00000000bb01',
                sha256(convert_to('dossier_hostile_other_workspace', 'UTF8')))";
    bench.server.execute(workspace).await;
    let until = Instant::now() + time;
    let large = join_all((0..CLIENTS).map(|_| async {
        let mut sent = 0_usize;
        while Instant::now() < until {
            bench.send(KEY, worst).await;
            sent += 1;
        }
        sent
    }));
    let probe = Hostile::new(Method::GET, "/healthz", String::new());
    let create = Hostile::new(Method::POST, "/cases", r#"{"name": "Small"}"#.to_owned());
    let probes = repeat(bench, &probe, until);
    let creates = repeat(bench, &create, until);
    let (sent, probes, creates) = join3(large, probes, creates).await;
    println!(
        "{CLIENTS} clients sent {} large bodies in {time:.0?}; in the meantime:",
        sent.iter().sum::<usize>()
    );
    let mut is_late = false;
    for (name, mut times) in [("GET /healthz", probes), ("POST /cases", creates)] {
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        println!(
            "{name:14} {:>6} responses, median {:>7.1?}, 99 of 100 within {:>7.1?}, longest {:>7.1?}",
            times.len(),
            at(50),
            at(99),
            at(100)
        );
        is_late |= at(99) > MAX_P99;
    }
    is_late
}

/// Repeats a request and returns the latencies.
async fn repeat(bench: &Bench, request: &Hostile, until: Instant) -> Vec<Duration> {
    let mut times = Vec::new();
    while Instant::now() < until {
        let started = Instant::now();
        bench.send(OTHER, request).await;
        times.push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times
}
