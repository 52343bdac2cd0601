//! Deliveries of deleted webhooks.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Receiver, TestApp, poll};

const EVENTS: &[&str] = &["Case.Created"];

async fn retry(app: &TestApp, log: &Value) -> crate::support::TestResponse {
    let id = log["id"].as_str().expect("an id");
    let path = format!("/webhook-logs/{id}/retry");
    app.call(Method::POST, &path, &json!({})).await
}

async fn logs(app: &TestApp) -> Vec<Value> {
    let logs = app.get("/webhook-logs?limit=100").await.expect(200);
    logs.body["data"].as_array().expect("deliveries").clone()
}

/// Waits until the only delivery is in a state.
async fn log_in_state(app: &TestApp, state: &str) -> Value {
    poll(async || {
        let log = logs(app).await.first().cloned().unwrap_or_default();
        if log["state"] == state {
            Ok(log)
        } else {
            Err(log)
        }
    })
    .await
}

#[tokio::test]
async fn deleting_a_webhook_fails_its_own_pending_deliveries_only() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let ours = app.subscribe("http://127.0.0.1:9/", EVENTS).await.id();
    let other = app.subscribe("http://127.0.0.1:9/other", EVENTS).await.id();
    for _ in 0..3 {
        app.create(&json!({"name": "Acme"})).await;
    }
    app.delete_webhook(&ours).await;
    for log in logs(&app).await {
        if log["webhook_id"] == other.as_str() {
            assert_eq!(log["state"], "pending");
        } else {
            assert_eq!(log["state"], "failed");
            assert_eq!(log["next_retry_at"], Value::Null);
        }
    }
    assert_eq!(app.count("SELECT count(*) FROM webhook_queues").await, 3);
}

#[tokio::test]
async fn rejects_retries_of_delivered_events_of_a_deleted_webhook() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = app.subscribe(&receiver.url, EVENTS).await.id();
    app.create(&json!({"name": "Acme"})).await;
    receiver.wait_for(1).await;
    let delivered = log_in_state(&app, "delivered").await;
    app.delete_webhook(&webhook).await;
    let refused = retry(&app, &delivered).await.expect(409);
    assert_eq!(refused.errors(), [("", "webhook_deleted")]);
    assert_eq!(logs(&app).await, [delivered]);
}

#[tokio::test]
async fn rejects_retries_of_failed_deliveries_of_a_deleted_webhook() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let webhook = app.subscribe("http://127.0.0.1:9/", EVENTS).await.id();
    app.create(&json!({"name": "Acme"})).await;
    app.delete_webhook(&webhook).await;
    let log = logs(&app).await.remove(0);
    let refused = retry(&app, &log).await.expect(409);
    assert_eq!(refused.errors(), [("", "webhook_deleted")]);
    assert_eq!(logs(&app).await[0]["state"], "failed");
    assert_eq!(app.count("SELECT count(*) FROM webhook_queues").await, 0);
}

/// A retry is pending when the webhook is deleted.
#[tokio::test]
async fn a_delivery_that_succeeded_once_stays_delivered() {
    let mut app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = app.subscribe(&receiver.url, EVENTS).await.id();
    app.create(&json!({"name": "Acme"})).await;
    receiver.wait_for(1).await;
    let delivered = log_in_state(&app, "delivered").await;
    app.stop_workers().await;
    retry(&app, &delivered).await.expect(202);
    log_in_state(&app, "pending").await;
    app.delete_webhook(&webhook).await;
    assert_eq!(logs(&app).await[0]["state"], "delivered");
}

/// An attempt is in progress when the webhook is deleted; its result ends the delivery.
#[tokio::test]
async fn an_attempt_that_fails_after_the_deletion_is_not_retried() {
    let app = TestApp::start().await;
    let (release, is_released) = tokio::sync::watch::channel(false);
    let mut receiver = Receiver::responding_async(move |_| {
        let mut is_released = is_released.clone();
        async move {
            let _ = is_released.wait_for(|it| *it).await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    })
    .await;
    let webhook = app.subscribe(&receiver.url, EVENTS).await.id();
    app.create(&json!({"name": "Acme"})).await;
    receiver.wait_for(1).await;
    app.delete_webhook(&webhook).await;
    assert_eq!(logs(&app).await[0]["state"], "pending");
    release.send_replace(true);
    let log = log_in_state(&app, "failed").await;
    assert_eq!(log["attempts"][0]["status_code"], 500);
    assert_eq!(app.count("SELECT count(*) FROM webhook_queues").await, 0);
}

/// More deliveries than one statement ends. The workers end the rest, which the backlog does not count.
#[tokio::test]
async fn backlog_excludes_deliveries_of_deleted_webhooks() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let webhook = app.subscribe("http://127.0.0.1:9/", EVENTS).await.id();
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
    app.delete_webhook(&webhook).await;
    let pending = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";
    let rest = app.count(pending).await;
    assert!(rest > 0 && rest <= 101, "{rest} deliveries are left");
    let mut connection = app.connect().await;
    let now = dossier::clock::now();
    let backlog = dossier::webhooks::backlog(&mut connection, now).await;
    assert_eq!(backlog.expect("a backlog").deliveries, 0);
    app.start_workers();
    app.wait_for_count(pending, 0).await;
}
