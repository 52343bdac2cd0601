//! What a server does besides answering: sealing, removing what is old, and ending.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use dossier::db::Timeouts;
use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use tokio::sync::Notify;

use crate::support::{Receiver, TestApp, TestSettings, timeouts};

async fn execute(app: &TestApp, sql: &str) {
    let mut connection = app.connect().await;
    let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
    done.expect("the statement");
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    let mut connection = app.connect().await;
    let row = connection.fetch_one(sql).await.expect("a count");
    row.get(0)
}

/// Comes true in the time that a slow machine needs.
async fn until(app: &TestApp, what: &'static str, expected: i64, sql: &'static str) {
    let begun = Instant::now();
    loop {
        let found = count(app, sql).await;
        if found == expected {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// With many endpoints that take everything at once there is always something to claim.
#[tokio::test]
async fn workers_that_are_told_to_stop_leave_the_rest_of_a_backlog() {
    const BACKLOG: i64 = 5_000;
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let enough = Arc::new(Notify::new());
    let notify = Arc::clone(&enough);
    let mut receiver = Receiver::responding(move |number| {
        if number == 20 {
            notify.notify_one();
        }
        StatusCode::OK.into_response()
    })
    .await;
    let body = json!({"url": receiver.url, "events": ["Case.Created"]});
    for _ in 0..BACKLOG / 100 {
        app.call(Method::POST, "/webhooks", &body).await.expect(201);
    }
    let batch = json!({"cases": vec![json!({"name": "A"}); 100]});
    app.call(Method::POST, "/v1/cases/batch", &batch)
        .await
        .expect(200);
    app.start_workers();
    enough.notified().await;
    app.stop_workers().await;
    let left = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";
    let pending = count(&app, left).await;
    // What was under way when they were told, and one claim that had begun.
    let made = BACKLOG - pending;
    assert!(made <= 20 + 2 * 256, "{made} of {BACKLOG} were made");
    // Nothing is held: the next server goes on at once.
    let held = "SELECT count(*) FROM webhook_logs WHERE leased_until IS NOT NULL";
    assert_eq!(count(&app, held).await, 0);
    let before = receiver.received().len();
    app.start_workers();
    receiver.wait_for(before + 50).await;
}

/// More than a minute's worth of what was once removed in a minute.
#[tokio::test]
async fn everything_that_is_old_is_removed_and_nothing_else() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    app.create(&json!({"name": "A"})).await;
    execute(
        &app,
        "INSERT INTO idempotency_keys (workspace_id, key, request_hash, status, created_at)
         SELECT w.id, i::text, '', 201, now() - interval '2 h' + i * interval '1 ms'
         FROM workspaces AS w, generate_series(1, 101000) AS i;
         INSERT INTO idempotency_keys (workspace_id, key, request_hash, status, created_at)
         SELECT id, 'new', '', 201, now() FROM workspaces;
         INSERT INTO outbox (workspace_id, case_id, id, event, version, created_at)
         SELECT w.id, gen_random_uuid(), gen_random_uuid(), 'Case.Created', 1,
             now() - interval '31 days' + i * interval '1 ms'
         FROM workspaces AS w, generate_series(1, 51000) AS i",
    )
    .await;
    let metrics = app.start_workers();
    until(
        &app,
        "old keys go",
        1,
        "SELECT count(*) FROM idempotency_keys",
    )
    .await;
    until(&app, "old events go", 1, "SELECT count(*) FROM outbox").await;
    let begun = Instant::now();
    for kind in ["idempotency_keys", "events"] {
        let line = format!("dossier_purge_lag_seconds{{kind=\"{kind}\"}} 0");
        while !metrics.text().expect("text").lines().any(|it| it == line) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{line}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_removed_stops_no_other_and_is_seen() {
    let settings = TestSettings {
        timeouts: Timeouts {
            lock: Timeouts::default().lock,
            ..timeouts()
        },
        ..TestSettings::default()
    };
    let mut app = TestApp::start_with(settings).await;
    app.stop_workers().await;
    let body = json!({"url": "http://127.0.0.1:9/", "events": ["Case.Created"]});
    app.call(Method::POST, "/webhooks", &body).await.expect(201);
    app.create(&json!({"name": "A"})).await;
    execute(
        &app,
        "UPDATE outbox SET created_at = now() - interval '40 days';
         INSERT INTO outbox (workspace_id, case_id, id, event, version, created_at)
         SELECT w.id, gen_random_uuid(), gen_random_uuid(), 'Case.Created', 1,
             now() - interval '41 days' + i * interval '1 min'
         FROM workspaces AS w, generate_series(1, 3000) AS i",
    )
    .await;
    let mut connection = app.connect().await;
    let mut holding = connection.begin().await.expect("a transaction");
    let lock = holding.execute("SELECT FROM webhook_logs FOR UPDATE").await;
    lock.expect("the lock");
    let metrics = app.start_workers();
    until(&app, "the others go", 1, "SELECT count(*) FROM outbox").await;
    let begun = Instant::now();
    loop {
        let text = metrics.text().expect("text");
        let name = "dossier_purge_lag_seconds{kind=\"events\"} ";
        let lag = text.lines().find_map(|line| line.strip_prefix(name));
        let lag: f64 = lag.and_then(|it| it.parse().ok()).unwrap_or_default();
        // By ten days, and no more by the eleven of those before it.
        if (864_000.0..900_000.0).contains(&lag) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{lag}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    holding.rollback().await.expect("the lock is free");
}

/// What one workspace's seal fails of is told as a database that cannot be reached.
#[tokio::test]
async fn a_chain_that_cannot_be_sealed_holds_up_no_other() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let other = "dossier_other_key";
    app.add_workspace(other).await;
    execute(
        &app,
        "CREATE FUNCTION refuse_seal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF NEW.workspace_id = (SELECT id FROM workspaces WHERE name = 'Sandbox') THEN
                 RAISE EXCEPTION 'this takes too long' USING ERRCODE = 'query_canceled';
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER refused BEFORE INSERT ON activity_seals
             FOR EACH ROW EXECUTE FUNCTION refuse_seal()",
    )
    .await;
    app.create(&json!({"name": "A"})).await;
    app.post_as(other, json!({"name": "B"}).to_string())
        .await
        .expect(201);
    app.start_workers();
    until(
        &app,
        "the other is sealed",
        1,
        "SELECT count(*) FROM activity_seals",
    )
    .await;
    assert_eq!(
        count(&app, "SELECT count(*) FROM unsealed_activities").await,
        1
    );
}
