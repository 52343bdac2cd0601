//! CPU cost of the most expensive requests within the limits: `cargo bench --bench hostile`.
//!
//! Each kind of body is sent with 1 MiB and with 2 MiB. A request may use at most 250 ms of the server's CPU
//! time, and one of 2 MiB at most 2.5 times as much as one of 1 MiB. Then eight clients of one workspace send
//! the worst body without pauses, while another workspace creates small cases and a probe requests
//! `/healthz`: the 99th percentile of their responses is at most 100 ms.
//!
//! `-- --program PATH` measures another build of the server, `-- --only NAME` a part of the kinds.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

mod bodies;
#[path = "../throughput/client.rs"]
#[expect(dead_code, reason = "the throughput benchmark uses the rest")]
mod client;
mod crowd;
#[path = "../throughput/process.rs"]
#[expect(dead_code, reason = "the throughput benchmark uses the rest")]
mod process;
#[path = "../throughput/start.rs"]
#[expect(dead_code, reason = "the throughput benchmark uses the rest")]
mod start;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the throughput benchmark uses the rest")]
mod support;

use std::time::Duration;

use clap::Parser;
use reqwest::Client;
use serde_json::{Value, json};

use bodies::Hostile;
use process::{Program, Server};
use start::start;
use support::KEY;

/// Body sizes in bytes: just below half of the limit, and just below the limit.
const SIZES: [usize; 2] = [1024 * 1024 - 1024, 2 * 1024 * 1024 - 1024];
/// Upper bound of the CPU time of one request.
const MAX_CPU: Duration = Duration::from_millis(250);
/// Upper bound of the growth of the CPU time when the size doubles.
const MAX_GROWTH: f64 = 2.5;
/// Below this the growth cannot be measured: the process clock has a resolution of 10 ms.
const MIN_MEASURABLE: Duration = Duration::from_millis(8);
/// Number of requests per measurement, for the resolution of the clock.
const REPEATS: u32 = 5;

/// Command-line arguments.
#[derive(Debug, Parser)]
struct Arguments {
    /// Path of another build of the server.
    #[arg(long)]
    program: Option<Program>,
    /// Measure only the kinds whose name contains this string.
    #[arg(long, default_value = "")]
    only: String,
    /// Number of seconds that the eight clients send.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Report exceeded bounds without failing.
    #[arg(long)]
    report_only: bool,
    /// Cargo passes this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The measured server and a client.
pub struct Bench {
    server: Server,
    client: Client,
}

impl Bench {
    /// Sends a request and returns the status.
    async fn send(&self, key: &str, hostile: &Hostile) -> u16 {
        let url = format!("http://127.0.0.1:{}{}", self.server.port, hostile.path);
        let request = self.client.request(hostile.method.clone(), url);
        let request = request
            .bearer_auth(key)
            .header("content-type", "application/json");
        let response = request.body(hostile.body.clone()).send().await;
        let response = response.expect("a response");
        let status = response.status().as_u16();
        response.bytes().await.expect("a body");
        status
    }

    /// Returns the status and the CPU time of one request.
    async fn cost(&self, hostile: &Hostile) -> (u16, Duration) {
        // The first request fills caches and grows buffers.
        let status = self.send(KEY, hostile).await;
        let before = self.server.cpu().server;
        for _ in 0..REPEATS {
            self.send(KEY, hostile).await;
        }
        (status, (self.server.cpu().server - before) / REPEATS)
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("http://127.0.0.1:{}{path}", self.server.port);
        let request = self.client.post(url).bearer_auth(KEY).json(body);
        let response = request.send().await.expect("a response");
        let status = response.status();
        let body = response.json().await.expect("JSON");
        assert!(status.is_success(), "{path}: {status}: {body}");
        body
    }

    /// Creates objects that the requests nearly match: properties of every type, tags, and a template with
    /// many requirements.
    async fn fill(&self) {
        let options = (0..1_000).map(|it| json!({"key": bodies::option(it), "label": "O"}));
        let options: Vec<_> = options.collect();
        for target in ["case", "company"] {
            let choices = json!({"key": "many", "label": "Many", "type": "choices",
                "settings": {"allow_multiple": true}, "options": options});
            self.post(&format!("/custom-properties/{target}"), &choices)
                .await;
            for number in 0..250 {
                let key = bodies::property(number);
                let property = json!({"key": key, "label": "P", "type": "text"});
                self.post(&format!("/custom-properties/{target}"), &property)
                    .await;
            }
        }
        for number in 0..190 {
            self.post("/tags", &json!({"label": bodies::tag(number)}))
                .await;
        }
        let fields = [
            "country",
            "address.city",
            "legal_form",
            "share_capital",
            "website_url",
        ];
        let required: Vec<_> = fields
            .iter()
            .map(|it| format!("companies[].{it}"))
            .collect();
        self.post(
            "/templates",
            &json!({"key": "strict", "name": "S", "required": required}),
        )
        .await;
    }
}

#[tokio::main]
async fn main() {
    // Fails if a provider is installed already, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let program = arguments.program.unwrap_or_else(Program::built);
    let (server, _) = start(&program).await;
    let bench = Bench {
        server,
        client: Client::new(),
    };
    bench.fill().await;
    println!(
        "{:42} {:>6} {:>9} {:>9} {:>7}",
        "kind", "status", "1 MiB", "2 MiB", "growth"
    );
    let mut over = Vec::new();
    let mut worst: Option<(Duration, Hostile)> = None;
    for (name, make) in bodies::KINDS {
        if !name.contains(&arguments.only) {
            continue;
        }
        let [half, full] = SIZES.map(make);
        let (_, small) = bench.cost(&half).await;
        let (status, large) = bench.cost(&full).await;
        let growth = large.as_secs_f64() / small.max(MIN_MEASURABLE).as_secs_f64();
        println!("{name:42} {status:>6} {small:>9.1?} {large:>9.1?} {growth:>6.1}x");
        if large > MAX_CPU || growth > MAX_GROWTH {
            over.push(*name);
        }
        if worst.as_ref().is_none_or(|(most, _)| large > *most) {
            worst = Some((large, full));
        }
    }
    let (_, worst) = worst.expect("a kind");
    let is_late = crowd::measure(&bench, &worst, Duration::from_secs(arguments.seconds)).await;
    drop(bench.server.stop());
    if arguments.report_only {
        return;
    }
    assert!(over.is_empty(), "over the bounds: {}", over.join(", "));
    assert!(!is_late, "other requests waited too long");
}
