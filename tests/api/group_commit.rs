//! Group commit: concurrent creates that one statement writes.

use std::collections::HashMap;

use dossier::db::Timeouts;
use dossier::http::Limits;
use dossier::workspaces::FIXED_KEY;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{TestApp, TestResponse, TestSettings, execute, limits, send};

/// Number of clients, more than one group can hold.
const CLIENTS: usize = 40;

fn body(external_id: &str) -> Value {
    json!({"name": "Acme", "external_id": external_id, "tags": ["VIP"],
        "companies": [{"name": "Acme SAS", "type": "main"}],
        "individuals": [{"first_name": "A", "last_name": "B", "roles": ["shareholder"]}]})
}

/// Number of blocked statements once [`CLIENTS`] have sent a case each: the first two have one case each, and
/// two more start because a complete group is pending. The remaining cases wait in the server.
const BLOCKED: i64 = 4;

/// Sends all requests while inserts are blocked, with cached references.
async fn post_while_blocked(
    app: &TestApp,
    blocked: i64,
    requests: Vec<(Option<String>, Value)>,
) -> Vec<TestResponse> {
    // Fills the reference cache.
    app.create(&body("first")).await;
    post_blocked(app, blocked, requests).await
}

async fn post_blocked(
    app: &TestApp,
    blocked: i64,
    requests: Vec<(Option<String>, Value)>,
) -> Vec<TestResponse> {
    let mut holder = app.connect().await;
    execute(&mut holder, "BEGIN; LOCK TABLE cases IN EXCLUSIVE MODE").await;
    let mut posts = requests.into_iter().map(|(key, body)| {
        let request = app.request(Method::POST, "/cases").bearer_auth(FIXED_KEY);
        let request = match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        };
        tokio::spawn(send(request.json(&body)))
    });
    // The first two are sent one after the other, so that each has its own group.
    let mut sent = Vec::new();
    for writer in 1..=2 {
        sent.extend(posts.next());
        app.wait_for_blocked(writer).await;
    }
    sent.extend(posts);
    app.wait_for_blocked(blocked).await;
    execute(&mut holder, "COMMIT").await;
    let responses = join_all(sent).await.into_iter();
    responses.map(|it| it.expect("a response")).collect()
}

/// Returns the number of cases that each transaction wrote, without the first case.
async fn transactions(app: &TestApp) -> Vec<i64> {
    let mut connection = app.connect().await;
    let counts = "SELECT count(*) FROM cases WHERE external_id <> 'first' GROUP BY xmin::text";
    let counts = sqlx::query_scalar(counts).fetch_all(&mut connection).await;
    counts.expect("the counts")
}

/// Asserts that every case has all of its rows exactly once.
async fn assert_complete(app: &TestApp, cases: i64) {
    let mut connection = app.connect().await;
    let complete: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM cases AS c WHERE
             (SELECT count(*) FROM companies AS e WHERE e.case_id = c.id) = 1
             AND (SELECT count(*) FROM individuals AS e WHERE e.case_id = c.id) = 1
             AND (SELECT count(*) FROM relations AS e WHERE e.case_id = c.id) = 1
             AND (SELECT count(*) FROM case_tags AS e WHERE e.case_id = c.id) = 1
             AND (SELECT count(*) FROM activities AS e WHERE e.case_id = c.id) = 1
             AND (SELECT count(*) FROM outbox AS e WHERE e.case_id = c.id) = 1",
    )
    .fetch_one(&mut connection)
    .await
    .expect("a count");
    assert_eq!(complete, cases);
}

#[tokio::test]
async fn pending_cases_are_written_together_and_completely() {
    let app = TestApp::start().await;
    let requests = (0..CLIENTS).map(|index| (None, body(&format!("together-{index}"))));
    for response in post_while_blocked(&app, BLOCKED, requests.collect()).await {
        let response = response.expect(201);
        let read = app
            .get(&format!("/cases/{}", response.id()))
            .await
            .expect(200);
        assert_eq!(read.body, response.body);
    }
    let transactions = transactions(&app).await;
    assert!(transactions.len() < CLIENTS, "{transactions:?}");
    assert!(transactions.iter().all(|it| *it <= 16), "{transactions:?}");
    assert!(transactions.contains(&16), "{transactions:?}");
    assert_complete(&app, 41).await;
}

#[tokio::test]
async fn group_size_1_writes_one_case_per_statement() {
    let app = TestApp::start_with_limits(Limits {
        group_size: 1,
        ..limits()
    })
    .await;
    let requests = (0..8).map(|index| (None, body(&format!("single-{index}"))));
    for response in post_while_blocked(&app, 2, requests.collect()).await {
        response.expect(201);
    }
    assert_eq!(transactions(&app).await, [1; 8]);
}

#[tokio::test]
async fn a_rejected_case_does_not_affect_others_of_its_group() {
    let app = TestApp::start().await;
    let requests = (0..CLIENTS).map(|index| match index % 8 {
        // Taken by an earlier case, and by another case of the same group.
        3 => (None, body("first")),
        5 => (None, body("twin")),
        _ => (Some(format!("key-{index}")), body(&format!("good-{index}"))),
    });
    let mut statuses: HashMap<u16, usize> = HashMap::new();
    for (index, response) in post_while_blocked(&app, BLOCKED, requests.collect())
        .await
        .iter()
        .enumerate()
    {
        *statuses.entry(response.status.as_u16()).or_default() += 1;
        match index % 8 {
            3 => assert_eq!(response.errors(), [("/external_id", "external_id_taken")]),
            5 => {}
            _ => assert_eq!(response.status, 201, "{}", response.body),
        }
    }
    // 30 valid cases and one of the twins; five taken ids and the four other twins.
    assert_eq!(statuses, HashMap::from([(201, 31), (409, 9)]));
    assert_complete(&app, 32).await;
}

#[tokio::test]
async fn a_lost_response_leaves_each_case_of_the_group_stored_once() {
    let app = TestApp::start_with(TestSettings {
        // The database's response to a group of sixteen.
        lost_response: Some("INSERT 0 16"),
        ..TestSettings::default()
    })
    .await;
    app.create(&body("first")).await;
    app.proxy().arm();
    let requests = (0..CLIENTS).map(|index| {
        let key = (index % 2 == 0).then(|| format!("key-{index}"));
        (key, body(&format!("lost-{index}")))
    });
    let responses = post_blocked(&app, BLOCKED, requests.collect()).await;
    assert!(!app.proxy().is_armed());
    for (index, response) in responses.iter().enumerate() {
        match (index % 2, response.status.as_u16()) {
            // With an idempotency key the server finds the stored case.
            (_, 201) => {}
            (1, 503) => assert_eq!(response.body["type"], "/problems/outcome-unknown"),
            other => panic!("{other:?}: {}", response.body),
        }
    }
    assert!(
        responses
            .iter()
            .any(|it| it.status == 503 || it.header("idempotent-replayed").is_some())
    );
    let mut connection = app.connect().await;
    let doubled: Vec<String> = sqlx::query_scalar(
        "SELECT external_id FROM cases GROUP BY external_id HAVING count(*) <> 1",
    )
    .fetch_all(&mut connection)
    .await
    .expect("a list");
    assert!(doubled.is_empty(), "{doubled:?}");
    // The lost transaction had committed: its cases are stored.
    assert_complete(&app, 41).await;
}

/// Sends cases while inserts are blocked.
fn spawn_posts(app: &TestApp, count: usize) -> impl Iterator<Item = JoinHandle<TestResponse>> {
    (0..count).map(|index| {
        let request = app.request(Method::POST, "/cases").bearer_auth(FIXED_KEY);
        tokio::spawn(send(request.json(&body(&format!("held-{index}")))))
    })
}

#[tokio::test]
async fn pending_cases_leave_connections_for_other_requests() {
    let app = TestApp::start().await;
    app.create(&body("first")).await;
    let mut holder = app.connect().await;
    execute(&mut holder, "BEGIN; LOCK TABLE cases IN EXCLUSIVE MODE").await;
    // More groups than there are connections.
    let posts: Vec<_> = spawn_posts(&app, 200).collect();
    // Five of the ten connections: the most that the cases of one workspace use.
    app.wait_for_blocked(5).await;
    for _ in 0..20 {
        app.get("/cases/first").await.expect(200);
    }
    assert!(!posts.iter().any(JoinHandle::is_finished));
    execute(&mut holder, "COMMIT").await;
    for response in join_all(posts).await {
        response.expect("a response").expect(201);
    }
    assert_complete(&app, 201).await;
}

#[tokio::test]
async fn cases_that_time_out_before_the_write_are_reported_as_not_stored() {
    let app = TestApp::start_with(TestSettings {
        timeouts: Timeouts::default(),
        ..TestSettings::default()
    })
    .await;
    app.create_with_retries(&body("first")).await;
    let mut holder = app.connect().await;
    execute(&mut holder, "BEGIN; LOCK TABLE cases IN EXCLUSIVE MODE").await;
    // Each request receives its response while inserts are blocked.
    let mut types: HashMap<String, usize> = HashMap::new();
    for response in join_all(spawn_posts(&app, 200)).await {
        let response = response.expect("a response").expect(503);
        let kind = response.body["type"].as_str().unwrap_or_default();
        *types.entry(kind.to_owned()).or_default() += 1;
    }
    execute(&mut holder, "COMMIT").await;
    // No response says that the case may have been stored.
    let known = ["/problems/busy", "/problems/overloaded"];
    assert!(
        types.keys().all(|it| known.contains(&it.as_str())),
        "{types:?}"
    );
    assert_complete(&app, 1).await;
    app.create_with_retries(&body("after")).await;
}
