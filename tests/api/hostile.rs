//! Bodies that are made to be dear to read: the right refusal, and a cheap one.

use std::time::Duration;

use dossier::workspaces::FIXED_KEY;
use reqwest::Method;
use serde_json::json;
use sqlx::ConnectOptions;

use crate::support::{KEY, Process, TestApp, TestDatabase, add_workspace, client, send};

/// Just below the largest body that is taken.
const SIZE: usize = 2 * 1024 * 1024 - 1024;

/// How many times the CPU time of a good body of its size a hostile one may take. What is read a byte at a
/// time, or has a fault in every byte, takes three times as much without optimisation; anything quadratic takes
/// minutes.
const RATIO: u32 = 10;

/// A case that is stored, of this size.
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

/// `before`, then as many `part`s as there is room for, then `after`.
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

/// A hundred letters that differ in a few from those of another number.
fn near(number: usize) -> String {
    format!("{}{number:06}", "n".repeat(94))
}

/// Companies with refs of a hundred letters, and as many relations that name others.
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
            "an unknown member, deep",
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
            "a long text",
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
            padded(misspelt(near)),
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
async fn a_hostile_body_costs_about_as_much_as_a_good_one_of_its_size_and_no_more() {
    // A process of its own, whose CPU time is that of its requests.
    let database = TestDatabase::create().await;
    let settings = [
        ("DOSSIER_REQUEST_TIMEOUT", "600"),
        ("DOSSIER_RATE_LIMIT_WRITE", "0"),
    ];
    let server = Process::start(&database, &settings).await;
    let (url, client) = (format!("http://{}/cases", server.address), client());
    let post = async |body: String| loop {
        let begun = server.cpu_time();
        let request = client.post(&url).bearer_auth(KEY);
        let request = request.header("content-type", "application/json");
        let response = send(request.body(body.clone())).await;
        // A machine that is busy may be too late for the database: the same again.
        if response.status != 503 {
            break (response, server.cpu_time() - begun);
        }
    };
    post("{\"name\": \"A\"}".to_owned()).await.0.expect(201);
    let mut good = Duration::MAX;
    for _ in 0..2 {
        let body = valid();
        assert_eq!(body.len(), SIZE);
        let (created, took) = post(body).await;
        created.expect(201);
        good = good.min(took);
    }
    let bound = good * RATIO;
    for (name, body, problem) in hostile() {
        let mut took = Duration::MAX;
        // It may seal or forget something at one time, but not at each.
        for _ in 0..5 {
            let (refused, this) = post(body.clone()).await;
            took = took.min(this);
            assert_eq!(refused.status, 400, "{name}");
            let detail = &refused.body["detail"];
            assert_eq!(refused.body["type"], problem, "{name}: {detail}");
            let answered = refused.body.to_string().len();
            // A pointer names a key as it was sent, however long it is.
            let most = match name {
                "a long key" => 2 * SIZE,
                // Each error lists twenty of the refs that there are.
                _ if name.starts_with("unknown refs") => 600_000,
                _ => 200_000,
            };
            assert!(answered < most, "{name}: a response of {answered} bytes");
            if took <= bound {
                break;
            }
        }
        assert!(took <= bound, "{name}: {took:?}, a good body {good:?}");
    }
}

/// The key of another workspace.
const OTHER: &str = "dossier_other_workspace";
/// How many clients send large bodies at once.
const CLIENTS: usize = 8;

#[tokio::test]
async fn others_are_answered_while_large_bodies_of_eight_clients_are_under_way() {
    let database = TestDatabase::create().await;
    let settings = [
        ("DOSSIER_REQUEST_TIMEOUT", "600"),
        ("DOSSIER_RATE_LIMIT_WRITE", "0"),
    ];
    let server = Process::start(&database, &settings).await;
    let mut connection = database.options.connect().await.expect("a connection");
    add_workspace(&mut connection, OTHER).await;
    let (url, client) = (format!("http://{}", server.address), client());
    let create = async |key: &'static str, body: String| loop {
        let request = client.post(format!("{url}/cases")).bearer_auth(key);
        let request = request.header("content-type", "application/json");
        let response = send(request.body(body.clone())).await;
        // A machine that is busy may be too late for the database: the same again.
        if response.status != 503 {
            break response;
        }
    };
    create(OTHER, "{\"name\": \"A\"}".to_owned())
        .await
        .expect(201);
    let dear = || filled("{\"name\":\"A\"", |n| format!(",\"externl_i{n}\":1"), "}");
    let under_way = std::cell::Cell::new(CLIENTS);
    let storm = futures_util::future::join_all((0..CLIENTS).map(|_| async {
        create(KEY, dear()).await.expect(400);
        under_way.set(under_way.get() - 1);
    }));
    let others = async {
        let mut answered = 0;
        while under_way.get() > 0 {
            let health = send(client.get(format!("{url}/healthz"))).await;
            health.expect(200);
            let small = "{\"name\": \"A\"}".to_owned();
            create(OTHER, small).await.expect(201);
            // What came back when the last of the others did may have waited for it.
            answered += usize::from(under_way.get() > 0);
        }
        answered
    };
    let (_, answered) = futures_util::future::join(storm, others).await;
    // In turns with the large ones it would be one for each.
    assert!(answered > 3 * CLIENTS, "{answered} were answered meanwhile");
}

#[tokio::test]
async fn a_compressed_body_is_refused_and_not_unpacked() {
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
