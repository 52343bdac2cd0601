//! What the worst requests that the limits allow cost the server: `cargo bench --bench hostile`.
//!
//! Each kind of body is sent as one of 1 MiB and one of 2 MiB. The bounds: no request costs more than
//! 250 ms of the server's CPU, and one of 2 MiB at most 2.5 times what one of 1 MiB costs. Then eight clients
//! of one workspace send the worst of them without a pause, while another workspace creates small cases
//! and a probe asks for `/healthz`: 99 of 100 responses come within 100 ms.
//!
//! `-- --program PATH` measures another build of the server, and `-- --only NAME` some of the kinds.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

mod bodies;
#[path = "../throughput/client.rs"]
#[expect(dead_code, reason = "of the benchmark of throughput")]
mod client;
mod crowd;
#[path = "../throughput/process.rs"]
#[expect(dead_code, reason = "of the benchmark of throughput")]
mod process;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "of the benchmark of throughput")]
mod support;

use std::time::Duration;

use clap::Parser;
use reqwest::Client;
use serde_json::{Value, json};

use bodies::Hostile;
use process::{KEY, Program, Server};

/// The sizes of bodies, in bytes: just below a half of the limit, and just below the limit.
const SIZES: [usize; 2] = [1024 * 1024 - 1024, 2 * 1024 * 1024 - 1024];
/// The most CPU time of one request.
const MOST: Duration = Duration::from_millis(250);
/// How many times as much as a body of half the size one may cost.
const GROWTH: f64 = 2.5;
/// What is too little to tell how it grows: the clock of a process counts in 10 ms.
const LITTLE: Duration = Duration::from_millis(8);
/// How often each body is sent: the clock counts all of them together.
const TIMES: u32 = 5;

/// How the benchmark runs.
#[derive(Debug, Parser)]
struct Arguments {
    /// Another build of the server.
    #[arg(long)]
    program: Option<Program>,
    /// Only kinds whose name has this text.
    #[arg(long, default_value = "")]
    only: String,
    /// How many seconds the eight clients send.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Report what is over the bounds, and end well.
    #[arg(long)]
    report_only: bool,
    /// Cargo says so to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The server under measurement, and a client.
pub struct Bench {
    server: Server,
    client: Client,
}

impl Bench {
    /// Sends a request; its status.
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

    /// The CPU time of one request.
    async fn cost(&self, hostile: &Hostile) -> (u16, Duration) {
        // The first one fills caches and grows buffers.
        let status = self.send(KEY, hostile).await;
        let before = self.server.cpu().server;
        for _ in 0..TIMES {
            self.send(KEY, hostile).await;
        }
        (status, (self.server.cpu().server - before) / TIMES)
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

    /// What the workspace has, for requests to miss by a little: properties of every kind, tags, and a template
    /// that requires much.
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
        let members = [
            "country",
            "address.city",
            "legal_form",
            "share_capital",
            "website_url",
        ];
        let required: Vec<_> = members
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
    // The server's own client has it too; where it is there already, that is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let program = arguments.program.unwrap_or_else(Program::built);
    let (server, _) = Server::start(&program).await;
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
        let [half, whole] = SIZES.map(make);
        let (_, small) = bench.cost(&half).await;
        let (status, large) = bench.cost(&whole).await;
        let growth = large.as_secs_f64() / small.max(LITTLE).as_secs_f64();
        println!("{name:42} {status:>6} {small:>9.1?} {large:>9.1?} {growth:>6.1}x");
        if large > MOST || growth > GROWTH {
            over.push(*name);
        }
        if worst.as_ref().is_none_or(|(most, _)| large > *most) {
            worst = Some((large, whole));
        }
    }
    let (_, worst) = worst.expect("a kind");
    let is_late = crowd::measure(&bench, &worst, Duration::from_secs(arguments.seconds)).await;
    drop(bench.server.stop());
    if arguments.report_only {
        return;
    }
    assert!(over.is_empty(), "over the bounds: {}", over.join(", "));
    assert!(!is_late, "others waited");
}
