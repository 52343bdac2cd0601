//! Rate limits of API keys.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use dossier::auth::Caller;
use dossier::http::Limits;
use dossier::workspaces::FIXED_KEY;
use reqwest::Method;

use crate::support::{
    KEY, Process, TestApp, TestDatabase, TestResponse, TestSettings, Wire, limits,
};

const BODY: &str = "{\"name\": \"A\"}";
const OTHER: &str = "dossier_other_key_of_another_workspace";

async fn start_with_rates(reads: u32, writes: u32) -> TestApp {
    let twice = get(async |_: Caller, _: Caller| "twice");
    TestApp::start_with(TestSettings {
        limits: Limits {
            reads: NonZeroU32::new(reads),
            writes: NonZeroU32::new(writes),
            ..limits()
        },
        extra: Router::new().route("/twice", twice),
        ..TestSettings::default()
    })
    .await
}

/// Runs `send` until it takes less time than a quota of three needs to regain one request: a busy machine can
/// be too slow. Each attempt uses a new server.
async fn within_20_seconds<T>(send: impl AsyncFn() -> T) -> T {
    loop {
        let started = Instant::now();
        let result = send().await;
        if started.elapsed() < Duration::from_secs(60 / 3) {
            return result;
        }
    }
}

fn header<'a>(response: &'a TestResponse, name: &str) -> &'a str {
    let value = response.headers.get(name);
    value.map_or("", |it| it.to_str().expect("a readable value"))
}

#[tokio::test]
async fn returns_429_with_retry_after_above_the_write_limit_of_a_key() {
    let (app, mut responses) = within_20_seconds(async || {
        let app = start_with_rates(100, 3).await;
        let mut responses = Vec::new();
        for _ in 0..4 {
            responses.push(app.post(BODY).await);
        }
        (app, responses)
    })
    .await;
    let refused = responses.pop().expect("the last").expect(429);
    for (left, response) in [2, 1, 0].into_iter().zip(responses) {
        let response = response.expect(201);
        assert_eq!(header(&response, "ratelimit-policy"), "\"write\";q=3;w=60");
        let ratelimit = header(&response, "ratelimit");
        let expected = format!("\"write\";r={left};t={}", 60 - 20 * left);
        assert_eq!(ratelimit, expected);
        assert_eq!(header(&response, "retry-after"), "");
    }
    assert_eq!(refused.body["type"], "/problems/rate-limited");
    assert_eq!(refused.body["code"], "TOO_MANY_REQUESTS");
    let seconds: u64 = header(&refused, "retry-after").parse().expect("seconds");
    assert!((1..=20).contains(&seconds), "{seconds}");
    assert_eq!(
        header(&refused, "ratelimit"),
        format!("\"write\";r=0;t={seconds}")
    );
    assert_eq!(header(&refused, "ratelimit-policy"), "\"write\";q=3;w=60");
    app.get("/problems/rate-limited").await.expect(200);

    let listed = app.get("/cases").await.expect(200);
    assert_eq!(header(&listed, "ratelimit-policy"), "\"read\";q=100;w=60");
    assert_eq!(
        listed.body["data"].as_array().map(Vec::len),
        Some(3),
        "the rejected request stored nothing"
    );
    app.add_workspace(OTHER).await;
    app.post_as(OTHER, BODY).await.expect(201);
}

#[tokio::test]
async fn counts_each_authenticated_request_once() {
    let (app, counted, uncounted) = within_20_seconds(async || {
        let app = start_with_rates(3, 0).await;
        let mut counted = vec![app.get("/twice").await, app.get("/twice").await];
        let mut uncounted = Vec::new();
        for _ in 0..5 {
            uncounted.push(app.get_as("dossier_no_key", "/cases").await.expect(401));
            uncounted.push(app.get("/healthz").await.expect(200));
        }
        let head = app.request(Method::HEAD, "/ping").bearer_auth(FIXED_KEY);
        counted.push(app.send(head).await);
        counted.push(app.get("/twice").await);
        (app, counted, uncounted)
    })
    .await;
    for (response, (status, left)) in
        counted
            .into_iter()
            .zip([(200, 2), (200, 1), (200, 0), (429, 0)])
    {
        let response = response.expect(status);
        let ratelimit = header(&response, "ratelimit");
        assert!(
            ratelimit.starts_with(&format!("\"read\";r={left};")),
            "{ratelimit}"
        );
    }
    for response in &uncounted {
        assert_eq!(header(response, "ratelimit"), "");
        assert_eq!(header(response, "ratelimit-policy"), "");
    }
    for _ in 0..5 {
        let written = app.post(BODY).await.expect(201);
        assert_eq!(
            header(&written, "ratelimit"),
            "",
            "unlimited requests are not counted"
        );
    }
}

#[tokio::test]
async fn rate_limits_default_to_12000_reads_and_6000_writes_and_are_configurable() {
    let database = TestDatabase::create().await;
    let policies = async |settings: &[(&str, &str)]| {
        let server = Process::start(&database, settings).await;
        let mut wire = Wire::connect(&server.address).await.expect("connected");
        let mut policies = Vec::new();
        for line in ["GET /ping", "POST /cases"] {
            let key = format!("Bearer {KEY}");
            let headers = [("authorization", key.as_str())];
            wire.send(line, &headers, "{}").await.expect("sent");
            let response = wire.next_response().await.expect("a response");
            policies.push(response.field("ratelimit-policy").map(str::to_owned));
        }
        policies
    };
    let some = |policy: &str| Some(policy.to_owned());
    assert_eq!(
        policies(&[]).await,
        [some("\"read\";q=12000;w=60"), some("\"write\";q=6000;w=60")]
    );
    let settings = [
        ("DOSSIER_RATE_LIMIT_READ", "0"),
        ("DOSSIER_RATE_LIMIT_WRITE", "7"),
    ];
    assert_eq!(
        policies(&settings).await,
        [None, some("\"write\";q=7;w=60")]
    );
}
