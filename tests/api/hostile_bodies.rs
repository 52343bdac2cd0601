//! Bodies that are expensive to validate: each is rejected correctly, at a bounded cost.

use std::time::Duration;

use dossier::workspaces::FIXED_KEY;
use reqwest::Method;
use serde_json::json;
use sqlx::ConnectOptions;

use crate::support::{
    KEY, Process, TestApp, TestDatabase, add_workspace, client, send, send_with_retries,
};

/// Just below the body limit.
const SIZE: usize = 2 * 1024 * 1024 - 1024;

/// How many times the CPU time of a valid body of the same size a hostile body may use. Without optimisation,
/// bodies that are read byte by byte, or have an error in every byte, take three times as much; anything
/// quadratic takes minutes.
const RATIO: u32 = 10;

/// A valid case of [`SIZE`] bytes.
fn valid() -> String {
    let text = "A street with a name of some length and more besides, so that it is long";
    let address = json!({"street_address": text, "city": "Paris", "country": "FR"});
    let companies: Vec<_> = (0..1000)
        .map(|number| {
            json!({"name": format!("Company {number}"), "address": address,
            "country": "FR", "type": if number == 0 { "main" } else { "affiliated" }})
        })
        .collect();
    let body = json!({"name": "A", "companies": companies}).to_string();
    padded(body)
}

fn padded(mut body: String) -> String {
    body.extend(std::iter::repeat_n(' ', SIZE.saturating_sub(body.len())));
    body
}

/// Returns `before`, as many `part`s as fit into [`SIZE`], and `after`.
fn filled(before: &str, part: impl Fn(usize) -> String, after: &str) -> String {
    let mut body = before.to_owned();
    for number in 0.. {
        let part = part(number);
        if body.len() + part.len() + after.len() > SIZE {
            break;
        }
        body.push_str(&part);
    }
    body + after
}

/// A string of 100 characters that differs little from that of another number.
fn similar_ref(number: usize) -> String {
    format!("{}{number:06}", "n".repeat(94))
}

/// Companies with refs of 100 characters, and as many relations with unknown refs.
fn misspelt(reference: fn(usize) -> String) -> String {
    let companies = (0..1_000).map(|number| {
        json!({"name": "A", "type": if number == 0 { "main" } else { "affiliated" },
            "ref": reference(number),
            "relations": [{"source_company_ref": reference(number + 100_000)}]})
    });
    json!({"name": "A", "companies": companies.collect::<Vec<_>>()}).to_string()
}

fn hostile() -> Vec<(&'static str, String, &'static str)> {
    let same = |text: &'static str| move |_| text.to_owned();
    let malformed = "/problems/malformed-body";
    let invalid = "/problems/invalid-parameters";
    vec![
        ("1e400", padded("{\"name\":1e400}".to_owned()), malformed),
        (
            "arrays in arrays",
            filled("{\"name\":", same("["), ""),
            malformed,
        ),
        (
            "objects in objects",
            filled("", same("{\"metadata\":"), ""),
            malformed,
        ),
        (
            "an unknown field, deep",
            filled("{\"x\":", same("["), ""),
            malformed,
        ),
        (
            "1e400, many",
            filled("{\"name\":[1", same(",1e400"), "]}"),
            invalid,
        ),
        (
            "1e400, unknown",
            filled("{\"x\":[1", same(",1e400"), "]}"),
            invalid,
        ),
        ("digits", filled("{\"name\":", same("1"), "}"), malformed),
        (
            "10,000 digits",
            padded(format!("{{\"name\":{}}}", "1".repeat(10_000))),
            malformed,
        ),
        ("decimals", filled("{\"name\":0.", same("1"), "}"), invalid),
        (
            "an exponent",
            filled("{\"name\":1e", same("1"), "}"),
            malformed,
        ),
        (
            "a long string",
            filled("{\"name\":\"", same("a"), "\"}"),
            invalid,
        ),
        (
            "escapes",
            filled("{\"name\":\"", same("\\u0000"), "\"}"),
            invalid,
        ),
        (
            "half a pair",
            filled("{\"name\":\"", same("\\ud800"), "\"}"),
            malformed,
        ),
        (
            "one key",
            filled("{\"name\":\"A\"", same(",\"name\":\"A\""), "}"),
            invalid,
        ),
        (
            "keys",
            filled("{\"name\":\"A\"", |n| format!(",\"key{n}\":1"), "}"),
            invalid,
        ),
        (
            "near keys",
            filled("{\"name\":\"A\"", |n| format!(",\"externl_i{n}\":1"), "}"),
            invalid,
        ),
        (
            "a long key",
            filled("{\"name\":\"A\",\"", same("k"), "\":1}"),
            invalid,
        ),
        ("objects", filled("", same("{},"), ""), malformed),
        (
            "companies",
            filled("{\"name\":\"A\",\"companies\":[{}", same(",{}"), "]}"),
            invalid,
        ),
        (
            "no companies",
            filled("{\"name\":\"A\",\"companies\":[0", same(",0"), "]}"),
            invalid,
        ),
        (
            "tags",
            filled("{\"name\":\"A\",\"tags\":[\"a\"", same(",\"a\""), "]}"),
            invalid,
        ),
        ("spaces", filled("", same(" "), ""), malformed),
        (
            "unknown refs",
            padded(misspelt(|it| format!("{it:0100}"))),
            invalid,
        ),
        (
            "unknown refs, nearly equal",
            padded(misspelt(similar_ref)),
            invalid,
        ),
        (
            "not UTF-8, nearly",
            filled("{\"name\":\"", same("\u{7f}"), ""),
            malformed,
        ),
    ]
}

#[tokio::test]
async fn hostile_bodies_use_at_most_ten_times_the_cpu_of_a_valid_body() {
    // A separate process, whose CPU time is only that of its requests.
    let database = TestDatabase::create().await;
    let settings = [
        ("DOSSIER_REQUEST_TIMEOUT", "600"),
        ("DOSSIER_RATE_LIMIT_WRITE", "0"),
    ];
    let server = Process::start(&database, &settings).await;
    let (url, client) = (format!("http://{}/cases", server.address), client());
    let post = async |body: String| loop {
        let started = server.cpu_time();
        let request = client.post(&url).bearer_auth(KEY);
        let request = request.header("content-type", "application/json");
        let response = send(request.body(body.clone())).await;
        // A busy machine can exceed the database timeouts.
        if response.status != 503 {
            break (response, server.cpu_time() - started);
        }
    };
    post("{\"name\": \"A\"}".to_owned()).await.0.expect(201);
    let mut valid_time = Duration::MAX;
    for _ in 0..2 {
        let body = valid();
        assert_eq!(body.len(), SIZE);
        let (created, time) = post(body).await;
        created.expect(201);
        valid_time = valid_time.min(time);
    }
    let max_time = valid_time * RATIO;
    for (name, body, problem) in hostile() {
        let mut time = Duration::MAX;
        // A background worker can add CPU time to one attempt, but not to all.
        for _ in 0..5 {
            let (refused, this_time) = post(body.clone()).await;
            time = time.min(this_time);
            assert_eq!(refused.status, 400, "{name}");
            let detail = &refused.body["detail"];
            assert_eq!(refused.body["type"], problem, "{name}: {detail}");
            let response_size = refused.body.to_string().len();
            // A pointer contains the whole key.
            let max_size = match name {
                "a long key" => 2 * SIZE,
                // Each of these errors lists 20 known refs.
                _ if name.starts_with("unknown refs") => 600_000,
                _ => 200_000,
            };
            assert!(
                response_size < max_size,
                "{name}: a response of {response_size} bytes"
            );
            if time <= max_time {
                break;
            }
        }
        assert!(
            time <= max_time,
            "{name}: {time:?}, a valid body {valid_time:?}"
        );
    }
}

/// API key of another workspace.
const OTHER: &str = "dossier_other_workspace";
/// Number of clients that send large bodies at once.
const CLIENTS: usize = 8;

#[tokio::test]
async fn serves_other_workspaces_while_eight_clients_send_large_bodies() {
    let database = TestDatabase::create().await;
    let settings = [
        ("DOSSIER_REQUEST_TIMEOUT", "600"),
        ("DOSSIER_RATE_LIMIT_WRITE", "0"),
    ];
    let server = Process::start(&database, &settings).await;
    let mut connection = database.options.connect().await.expect("a connection");
    add_workspace(&mut connection, OTHER).await;
    let (url, client) = (format!("http://{}", server.address), client());
    let create = async |key: &'static str, body: String| {
        let request = client.post(format!("{url}/cases")).bearer_auth(key);
        let request = request.header("content-type", "application/json");
        send_with_retries(request.body(body)).await
    };
    create(OTHER, "{\"name\": \"A\"}".to_owned())
        .await
        .expect(201);
    let expensive = || filled("{\"name\":\"A\"", |n| format!(",\"externl_i{n}\":1"), "}");
    let pending = std::cell::Cell::new(CLIENTS);
    let large = futures_util::future::join_all((0..CLIENTS).map(|_| async {
        create(KEY, expensive()).await.expect(400);
        pending.set(pending.get() - 1);
    }));
    let small = async {
        let mut served = 0;
        while pending.get() > 0 {
            let health = send(client.get(format!("{url}/healthz"))).await;
            health.expect(200);
            let body = "{\"name\": \"A\"}".to_owned();
            create(OTHER, body).await.expect(201);
            // The last response can have waited for the last large body.
            served += usize::from(pending.get() > 0);
        }
        served
    };
    let (_, served) = futures_util::future::join(large, small).await;
    // If they had to take turns, one per large body would be served.
    assert!(
        served > 3 * CLIENTS,
        "only {served} requests were served in the meantime"
    );
}

#[tokio::test]
async fn rejects_compressed_bodies() {
    let app = TestApp::start().await;
    let post = |coding: &'static str| {
        app.request(Method::POST, "/cases")
            .bearer_auth(FIXED_KEY)
            .header("content-type", "application/json")
            .header("content-encoding", coding)
            .body("{\"name\": \"A\"}")
    };
    for coding in ["gzip", "br", "GZIP", "identity, gzip", "unheard-of"] {
        let refused = app.send(post(coding)).await.expect(415);
        assert_eq!(
            refused.body["type"],
            "/problems/unsupported-content-encoding"
        );
        assert_eq!(refused.headers["accept-encoding"], "identity");
        let message = refused.body["message"].as_str().expect("a message");
        assert!(message.contains("Content-Encoding"), "{message}");
    }
    for coding in ["identity", "Identity", ""] {
        app.send(post(coding)).await.expect(201);
    }
    let page = app.get("/problems/unsupported-content-encoding").await;
    page.expect(200);
}
