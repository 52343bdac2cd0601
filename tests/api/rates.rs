//! How many requests a key may send a minute.

use std::num::NonZeroU32;

use axum::Router;
use axum::routing::get;
use dossier::auth::Caller;
use dossier::http::Limits;
use dossier::workspaces::FIXED_KEY;
use reqwest::Method;

use crate::support::{Answer, KEY, Process, TestApp, TestDatabase, TestSettings, Wire};

const BODY: &str = "{\"name\": \"A\"}";
const OTHER: &str = "dossier_other_key_of_another_workspace";

async fn limited(reads: u32, writes: u32) -> TestApp {
    let twice = get(async |_: Caller, _: Caller| "twice");
    TestApp::start_with(TestSettings {
        limits: Limits {
            reads: NonZeroU32::new(reads),
            writes: NonZeroU32::new(writes),
            ..Limits::default()
        },
        extra: Router::new().route("/twice", twice),
        ..TestSettings::default()
    })
    .await
}

fn field<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let value = answer.headers.get(name);
    value.map_or("", |it| it.to_str().expect("text"))
}

#[tokio::test]
async fn a_key_that_writes_too_much_is_told_when_to_come_again_and_nobody_else_is() {
    let app = limited(100, 3).await;
    for left in [2, 1, 0] {
        let answer = app.post(BODY).await.expect(201);
        assert_eq!(field(&answer, "ratelimit-policy"), "\"write\";q=3;w=60");
        let told = field(&answer, "ratelimit");
        let expected = format!("\"write\";r={left};t={}", 60 - 20 * left);
        assert_eq!(told, expected);
        assert_eq!(field(&answer, "retry-after"), "");
    }
    let refused = app.post(BODY).await.expect(429);
    assert_eq!(refused.body["type"], "/problems/rate-limited");
    assert_eq!(refused.body["code"], "TOO_MANY_REQUESTS");
    let seconds: u64 = field(&refused, "retry-after").parse().expect("seconds");
    assert!((1..=20).contains(&seconds), "{seconds}");
    assert_eq!(
        field(&refused, "ratelimit"),
        format!("\"write\";r=0;t={seconds}")
    );
    assert_eq!(field(&refused, "ratelimit-policy"), "\"write\";q=3;w=60");
    app.get("/problems/rate-limited").await.expect(200);

    let listed = app.get("/cases").await.expect(200);
    assert_eq!(field(&listed, "ratelimit-policy"), "\"read\";q=100;w=60");
    assert_eq!(
        listed.body["data"].as_array().map(Vec::len),
        Some(3),
        "a refused request has stored nothing"
    );
    app.add_workspace(OTHER).await;
    app.post_as(OTHER, BODY).await.expect(201);
}

#[tokio::test]
async fn a_request_is_counted_once_and_only_in_the_name_of_a_key() {
    let app = limited(3, 0).await;
    for left in [2, 1] {
        let answer = app.get("/twice").await.expect(200);
        let told = field(&answer, "ratelimit").to_owned();
        assert!(told.starts_with(&format!("\"read\";r={left};")), "{told}");
    }
    for _ in 0..5 {
        let nobody = app.get_as("dossier_no_key", "/cases").await.expect(401);
        assert_eq!(field(&nobody, "ratelimit"), "");
        let healthy = app.get("/healthz").await.expect(200);
        assert_eq!(field(&healthy, "ratelimit-policy"), "");
    }
    let head = app.request(Method::HEAD, "/ping").bearer_auth(FIXED_KEY);
    let head = app.send(head).await.expect(200);
    assert!(field(&head, "ratelimit").starts_with("\"read\";r=0;"));
    app.get("/twice").await.expect(429);
    for _ in 0..5 {
        let written = app.post(BODY).await.expect(201);
        assert_eq!(
            field(&written, "ratelimit"),
            "",
            "what has no limit is not counted"
        );
    }
}

#[tokio::test]
async fn a_server_over_a_database_of_its_own_has_a_limit_unless_it_is_told_otherwise() {
    let database = TestDatabase::create().await;
    let policies = async |settings: &[(&str, &str)]| {
        let server = Process::start(&database, settings).await;
        let mut wire = Wire::connect(&server.address).await.expect("connected");
        let mut policies = Vec::new();
        for line in ["GET /ping", "POST /cases"] {
            let key = format!("Bearer {KEY}");
            let headers = [("authorization", key.as_str())];
            wire.send(line, &headers, "{}").await.expect("sent");
            let answer = wire.answer().await.expect("an answer");
            policies.push(answer.field("ratelimit-policy").map(str::to_owned));
        }
        policies
    };
    let some = |policy: &str| Some(policy.to_owned());
    assert_eq!(
        policies(&[]).await,
        [some("\"read\";q=12000;w=60"), some("\"write\";q=6000;w=60")]
    );
    let chosen = [
        ("DOSSIER_RATE_LIMIT_READ", "0"),
        ("DOSSIER_RATE_LIMIT_WRITE", "7"),
    ];
    assert_eq!(policies(&chosen).await, [None, some("\"write\";q=7;w=60")]);
}
