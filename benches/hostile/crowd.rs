//! Eight clients of one workspace that send the worst body without a pause, and who must not wait for them.

use std::time::{Duration, Instant};

use futures_util::future::{join_all, join3};
use reqwest::Method;

use crate::Bench;
use crate::bodies::Hostile;
use crate::process::KEY;

/// How many clients send large bodies.
const CLIENTS: usize = 8;
/// How long 99 of 100 others may wait.
const PATIENCE: Duration = Duration::from_millis(100);
/// The key of another workspace.
const OTHER: &str = "dossier_hostile_other_workspace";

/// Prints how long others waited; whether that was too long.
pub async fn measure(bench: &Bench, worst: &Hostile, time: Duration) -> bool {
    let workspace = "INSERT INTO workspaces (id, name)
            VALUES ('0198a000-0000-4000-8000-00000000bb01', 'Other');
        INSERT INTO api_keys (id, workspace_id, hash)
            VALUES ('hostile', '0198a000-0000-4000-8000-00000000bb01',
                sha256(convert_to('dossier_hostile_other_workspace', 'UTF8')))";
    bench.server.execute(workspace).await;
    let until = Instant::now() + time;
    let storm = join_all((0..CLIENTS).map(|_| async {
        let mut sent = 0_usize;
        while Instant::now() < until {
            bench.send(KEY, worst).await;
            sent += 1;
        }
        sent
    }));
    let probe = Hostile::new(Method::GET, "/healthz", String::new());
    let create = Hostile::new(Method::POST, "/cases", r#"{"name": "Small"}"#.to_owned());
    let probes = repeated(bench, &probe, until);
    let creates = repeated(bench, &create, until);
    let (sent, probes, creates) = join3(storm, probes, creates).await;
    println!(
        "{CLIENTS} clients sent {} large bodies in {time:.0?} meanwhile:",
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
        is_late |= at(99) > PATIENCE;
    }
    is_late
}

/// Sends one request after the other; how long each took.
async fn repeated(bench: &Bench, request: &Hostile, until: Instant) -> Vec<Duration> {
    let mut times = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        bench.send(OTHER, request).await;
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times
}
