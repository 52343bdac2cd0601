//! Cases that wait at the same time, and are written with one statement.

use std::collections::HashMap;
use std::time::Duration;

use dossier::db::Timeouts;
use dossier::http::Limits;
use dossier::workspaces::FIXED_KEY;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgConnection;
use tokio::task::JoinHandle;

use crate::support::{TestApp, TestResponse, TestSettings, limits, send};

/// How many clients there are: more than go into one group.
const CLIENTS: usize = 40;
/// How often it is looked whether something has come about.
const POLL: Duration = Duration::from_millis(10);

fn body(external_id: &str) -> Value {
    json!({"name": "Acme", "external_id": external_id, "tags": ["VIP"],
        "companies": [{"name": "Acme SAS", "type": "main"}],
        "individuals": [{"first_name": "A", "last_name": "B", "roles": ["shareholder"]}]})
}

/// How many statements wait once [`CLIENTS`] have sent a case each and none can be written: the first two
/// have a case each, and two more begin because a whole group waits. The rest wait in the server.
const WAITING: i64 = 4;

/// Sends all of them while nothing can be written, until so many statements wait in the database.
async fn post_at_once(
    app: &TestApp,
    waiting: i64,
    requests: Vec<(Option<String>, Value)>,
) -> Vec<TestResponse> {
    // What they refer to is remembered from here on.
    app.create(&body("first")).await;
    while_nothing_is_written(app, waiting, requests).await
}

async fn while_nothing_is_written(
    app: &TestApp,
    waiting: i64,
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
    let mut observer = app.connect().await;
    // One after the other, so that neither of the first two has another in its group.
    let mut sent = Vec::new();
    for writer in 1..=2 {
        sent.extend(posts.next());
        until_waiting(&mut observer, writer).await;
    }
    sent.extend(posts);
    until_waiting(&mut observer, waiting).await;
    execute(&mut holder, "COMMIT").await;
    let responses = join_all(sent).await.into_iter();
    responses.map(|it| it.expect("a response")).collect()
}

/// Waits until so many statements wait for a lock.
async fn until_waiting(observer: &mut PgConnection, count: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while count
        > sqlx::query_scalar::<_, i64>(waiting)
            .fetch_one(&mut *observer)
            .await
            .expect("a count")
    {
        tokio::time::sleep(POLL).await;
    }
}

async fn execute(connection: &mut PgConnection, statements: &'static str) {
    let done = sqlx::raw_sql(statements).execute(connection).await;
    done.expect("the statements");
}

/// How many cases each transaction wrote, but for the first of all.
async fn transactions(app: &TestApp) -> Vec<i64> {
    let mut connection = app.connect().await;
    let counts = "SELECT count(*) FROM cases WHERE external_id <> 'first' GROUP BY xmin::text";
    let counts = sqlx::query_scalar(counts).fetch_all(&mut connection).await;
    counts.expect("the counts")
}

/// Whether every case has all of its rows, once.
async fn expect_whole(app: &TestApp, cases: i64) {
    let mut connection = app.connect().await;
    let whole: i64 = sqlx::query_scalar(
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
    assert_eq!(whole, cases);
}

#[tokio::test]
async fn cases_that_wait_are_written_together_and_each_is_whole() {
    let app = TestApp::start().await;
    let requests = (0..CLIENTS).map(|index| (None, body(&format!("together-{index}"))));
    for response in post_at_once(&app, WAITING, requests.collect()).await {
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
    expect_whole(&app, 41).await;
}

#[tokio::test]
async fn one_at_a_time_where_that_is_asked_for() {
    let app = TestApp::start_with(TestSettings {
        limits: Limits {
            group_size: 1,
            ..limits()
        },
        ..TestSettings::default()
    })
    .await;
    let requests = (0..8).map(|index| (None, body(&format!("alone-{index}"))));
    for response in post_at_once(&app, 2, requests.collect()).await {
        response.expect(201);
    }
    assert_eq!(transactions(&app).await, [1; 8]);
}

#[tokio::test]
async fn a_case_that_is_refused_costs_nobody_else() {
    let app = TestApp::start().await;
    let requests = (0..CLIENTS).map(|index| match index % 8 {
        // Taken before, and taken by another of the same group.
        3 => (None, body("first")),
        5 => (None, body("twin")),
        _ => (Some(format!("key-{index}")), body(&format!("good-{index}"))),
    });
    let mut statuses: HashMap<u16, usize> = HashMap::new();
    for (index, response) in post_at_once(&app, WAITING, requests.collect())
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
    // Thirty good ones and one of the twins; five that were taken and four other twins.
    assert_eq!(statuses, HashMap::from([(201, 31), (409, 9)]));
    expect_whole(&app, 32).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_every_case_of_its_group_once() {
    let app = TestApp::start_with(TestSettings {
        // The answer to sixteen at once.
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
    let responses = while_nothing_is_written(&app, WAITING, requests.collect()).await;
    assert!(!app.proxy().is_armed());
    for (index, response) in responses.iter().enumerate() {
        match (index % 2, response.status.as_u16()) {
            // With a key the server finds out.
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
    // Every one of them was committed: what is not known was stored.
    expect_whole(&app, 41).await;
}

/// Sends cases while none can be written.
fn post_held(app: &TestApp, count: usize) -> impl Iterator<Item = JoinHandle<TestResponse>> {
    (0..count).map(|index| {
        let request = app.request(Method::POST, "/cases").bearer_auth(FIXED_KEY);
        tokio::spawn(send(request.json(&body(&format!("held-{index}")))))
    })
}

#[tokio::test]
async fn cases_that_wait_to_be_written_leave_connections_to_others() {
    let app = TestApp::start().await;
    app.create(&body("first")).await;
    let mut holder = app.connect().await;
    execute(&mut holder, "BEGIN; LOCK TABLE cases IN EXCLUSIVE MODE").await;
    // Enough for more groups than there are connections.
    let posts: Vec<_> = post_held(&app, 200).collect();
    // Half of the ten connections: all that are used for cases of one workspace.
    until_waiting(&mut app.connect().await, 5).await;
    for _ in 0..20 {
        app.get("/cases/first").await.expect(200);
    }
    assert!(!posts.iter().any(JoinHandle::is_finished));
    execute(&mut holder, "COMMIT").await;
    for response in join_all(posts).await {
        response.expect("a response").expect(201);
    }
    expect_whole(&app, 201).await;
}

#[tokio::test]
async fn cases_that_cannot_be_written_are_known_to_be_not_stored() {
    let app = TestApp::start_with(TestSettings {
        timeouts: Timeouts::default(),
        ..TestSettings::default()
    })
    .await;
    app.create_with_retries(&body("first")).await;
    let mut holder = app.connect().await;
    execute(&mut holder, "BEGIN; LOCK TABLE cases IN EXCLUSIVE MODE").await;
    // Each has its answer while nothing can be written.
    let mut types: HashMap<String, usize> = HashMap::new();
    for response in join_all(post_held(&app, 200)).await {
        let response = response.expect("a response").expect(503);
        let kind = response.body["type"].as_str().unwrap_or_default();
        *types.entry(kind.to_owned()).or_default() += 1;
    }
    execute(&mut holder, "COMMIT").await;
    // Nobody was told that it might have been stored.
    let known = ["/problems/busy", "/problems/overloaded"];
    assert!(
        types.keys().all(|it| known.contains(&it.as_str())),
        "{types:?}"
    );
    expect_whole(&app, 1).await;
    app.create_with_retries(&body("after")).await;
}
