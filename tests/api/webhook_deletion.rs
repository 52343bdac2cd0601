//! What becomes of deliveries whose webhook is deleted.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Executor, Row};

use crate::support::{LONG, Receiver, TestApp};

async fn subscribe(app: &TestApp, url: &str) -> String {
    let body = json!({"url": url, "events": ["Case.Created"]});
    let made = app.call(Method::POST, "/webhooks", &body).await.expect(201);
    made.id().to_owned()
}

async fn delete(app: &TestApp, webhook: &str) {
    let path = format!("/webhooks/{webhook}");
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    let mut connection = app.connect().await;
    connection.fetch_one(sql).await.expect("a count").get(0)
}

async fn retry(app: &TestApp, log: &Value) -> crate::support::TestResponse {
    let id = log["id"].as_str().expect("an id");
    let path = format!("/webhook-logs/{id}/retry");
    app.call(Method::POST, &path, &json!({})).await
}

async fn logs(app: &TestApp) -> Vec<Value> {
    let logs = app.get("/webhook-logs?limit=100").await.expect(200);
    logs.body["data"].as_array().expect("deliveries").clone()
}

/// The only delivery, once it is in a state.
async fn log_in_state(app: &TestApp, state: &str) -> Value {
    let begun = Instant::now();
    loop {
        let log = logs(app).await.first().cloned().unwrap_or_default();
        if log["state"] == state {
            return log;
        }
        assert!(begun.elapsed() < LONG, "{log}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_deletion_of_a_webhook_ends_its_pending_deliveries_and_no_others() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let ours = subscribe(&app, "http://127.0.0.1:9/").await;
    let other = subscribe(&app, "http://127.0.0.1:9/other").await;
    for _ in 0..3 {
        app.create(&json!({"name": "Acme"})).await;
    }
    delete(&app, &ours).await;
    for log in logs(&app).await {
        if log["webhook_id"] == other.as_str() {
            assert_eq!(log["state"], "pending");
        } else {
            assert_eq!(log["state"], "failed");
            assert_eq!(log["next_retry_at"], Value::Null);
        }
    }
    assert_eq!(count(&app, "SELECT count(*) FROM webhook_queues").await, 3);
}

#[tokio::test]
async fn a_delivery_of_a_deleted_webhook_is_not_retried_and_keeps_its_state() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = subscribe(&app, &receiver.url).await;
    app.create(&json!({"name": "Acme"})).await;
    receiver.wait_for(1).await;
    let delivered = log_in_state(&app, "delivered").await;
    delete(&app, &webhook).await;
    let refused = retry(&app, &delivered).await.expect(409);
    assert_eq!(refused.errors(), [("", "webhook_deleted")]);
    assert_eq!(logs(&app).await, [delivered]);
}

#[tokio::test]
async fn a_delivery_that_failed_is_not_retried_once_its_webhook_is_deleted() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let webhook = subscribe(&app, "http://127.0.0.1:9/").await;
    app.create(&json!({"name": "Acme"})).await;
    delete(&app, &webhook).await;
    let log = logs(&app).await.remove(0);
    let refused = retry(&app, &log).await.expect(409);
    assert_eq!(refused.errors(), [("", "webhook_deleted")]);
    assert_eq!(logs(&app).await[0]["state"], "failed");
    assert_eq!(count(&app, "SELECT count(*) FROM webhook_queues").await, 0);
}

/// Somebody asks for it once more, and deletes the webhook before that comes about.
#[tokio::test]
async fn a_delivery_that_was_taken_once_stays_delivered() {
    let mut app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = subscribe(&app, &receiver.url).await;
    app.create(&json!({"name": "Acme"})).await;
    receiver.wait_for(1).await;
    let delivered = log_in_state(&app, "delivered").await;
    app.stop_workers().await;
    retry(&app, &delivered).await.expect(202);
    log_in_state(&app, "pending").await;
    delete(&app, &webhook).await;
    assert_eq!(logs(&app).await[0]["state"], "delivered");
}

/// The attempt is under way when the webhook is deleted, and says itself what became of it.
#[tokio::test]
async fn an_attempt_that_fails_after_the_deletion_is_the_last_one() {
    let app = TestApp::start().await;
    let (response, answered) = tokio::sync::watch::channel(false);
    let mut receiver = Receiver::responding_async(move |_| {
        let mut answered = answered.clone();
        async move {
            let _ = answered.wait_for(|it| *it).await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    })
    .await;
    let webhook = subscribe(&app, &receiver.url).await;
    app.create(&json!({"name": "Acme"})).await;
    receiver.wait_for(1).await;
    delete(&app, &webhook).await;
    assert_eq!(logs(&app).await[0]["state"], "pending");
    response.send_replace(true);
    let log = log_in_state(&app, "failed").await;
    assert_eq!(log["attempts"][0]["status_code"], 500);
    assert_eq!(count(&app, "SELECT count(*) FROM webhook_queues").await, 0);
}

/// More than one statement ends, of which the rest is left to the workers; nobody counts it meanwhile.
#[tokio::test]
async fn the_backlog_does_not_count_what_nobody_will_deliver() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let webhook = subscribe(&app, "http://127.0.0.1:9/").await;
    app.create(&json!({"name": "Acme"})).await;
    app.execute(
        "INSERT INTO webhook_logs (workspace_id, id, webhook_id, case_id, event_id, event, version,
             endpoint, state, status_code, attempt_count, attempt_type, next_attempt_at,
             last_attempt_at, created_at)
         SELECT workspace_id, gen_random_uuid(), webhook_id, case_id, event_id, event, version,
             endpoint, state, 0, 0, attempt_type, now(), now(), now()
         FROM webhook_logs, generate_series(1, 600)",
    )
    .await;
    delete(&app, &webhook).await;
    let pending = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";
    let rest = count(&app, pending).await;
    assert!(rest > 0 && rest <= 101, "{rest} are left to the workers");
    let mut connection = app.connect().await;
    let now = dossier::values::now();
    let backlog = dossier::webhooks::backlog(&mut connection, now).await;
    assert_eq!(backlog.expect("a backlog").deliveries, 0);
    app.start_workers();
    let begun = Instant::now();
    while count(&app, pending).await > 0 {
        assert!(begun.elapsed() < LONG, "they end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
