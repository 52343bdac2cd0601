//! `dossier import` compared with single creates.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::{Load, Shape};
use crate::process::Server;
use crate::report::{Report, median};
use crate::support::{self, KEY};

/// Number of alternating turns.
const TURNS: usize = 5;

/// Creates this many cases by single requests over 16 connections, and imports as many, in turns. Each case
/// has a unique external id.
pub async fn import(server: &Server, report: &mut Report, cases: usize) {
    let each = cases.div_ceil(TURNS);
    let kyb = support::kyb();
    let (mut posted, mut imported) = (Vec::new(), Vec::new());
    for turn in 1..=TURNS {
        let load = Load::new(server.port, 16, &kyb, Shape::CreateNamed);
        posted.push(rate(each, load.count(each).await));
        imported.push(rate(each, run(server, turn, each, &kyb.to_string())));
        eprintln!("turn {turn} of {TURNS} of the import is done");
    }
    let (posted, imported) = (median(posted), median(imported));
    report.note(format!(
        "{cases} kyb cases in {TURNS} turns: posted one by one over 16 connections {posted:.0} a second, \
         imported {imported:.0}: {:.2} times as many",
        imported / posted
    ));
}

fn rate(cases: usize, time: Duration) -> f64 {
    cases as f64 / time.as_secs_f64()
}

/// Writes a file and imports it. Returns how long the command took, including its start.
fn run(server: &Server, turn: usize, cases: usize, case: &str) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cases.ndjson");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    let rest = case.strip_prefix('{').expect("an object");
    for number in 0..cases {
        writeln!(
            file,
            "{{\"external_id\":\"imported-{turn}-{number}\",{rest}"
        )
        .expect("a line");
    }
    file.flush().expect("the file");
    let started = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_dossier"))
        .args(["import", "cases.ndjson"])
        .current_dir(folder.path())
        .env("DOSSIER_URL", format!("http://127.0.0.1:{}", server.port))
        .env("DOSSIER_KEY", KEY)
        .stdin(Stdio::null())
        .output()
        .expect("the import");
    let time = started.elapsed();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    time
}
