//! Background workers: delivering, purging, sealing, stopping.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use dossier::db::Timeouts;
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, Executor};
use tokio::sync::Notify;

use crate::support::{Receiver, TestApp, TestSettings, poll, timeouts};

/// Many endpoints that respond at once, so that a claim always finds deliveries.
#[tokio::test]
async fn workers_stop_without_finishing_a_backlog() {
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
    let pending_query = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";
    let pending = app.count(pending_query).await;
    // Deliveries in progress at the stop, and one claim that had started.
    let delivered = BACKLOG - pending;
    assert!(
        delivered <= 20 + 2 * 256,
        "{delivered} of {BACKLOG} were delivered"
    );
    // No delivery stays leased: the next server continues at once.
    let leased = "SELECT count(*) FROM webhook_logs WHERE leased_until IS NOT NULL";
    assert_eq!(app.count(leased).await, 0);
    let before = receiver.received().len();
    app.start_workers();
    receiver.wait_for(before + 50).await;
}

/// More rows than one purge of a fixed size per minute would delete.
#[tokio::test]
async fn purges_all_expired_rows_and_no_others() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    app.create(&json!({"name": "A"})).await;
    app.execute(
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
    app.wait_for_count("SELECT count(*) FROM idempotency_keys", 1)
        .await;
    app.wait_for_count("SELECT count(*) FROM outbox", 1).await;
    for kind in ["idempotency_keys", "events"] {
        let line = format!("dossier_purge_lag_seconds{{kind=\"{kind}\"}} 0");
        poll(async || {
            let text = metrics.text().expect("metrics");
            match text.lines().any(|it| it == line) {
                true => Ok(()),
                false => Err(&line),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_locked_row_does_not_block_a_purge_and_is_visible_in_the_lag() {
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
    app.execute(
        "UPDATE outbox SET created_at = now() - interval '40 days';
         INSERT INTO outbox (workspace_id, case_id, id, event, version, created_at)
         SELECT w.id, gen_random_uuid(), gen_random_uuid(), 'Case.Created', 1,
             now() - interval '41 days' + i * interval '1 min'
         FROM workspaces AS w, generate_series(1, 3000) AS i",
    )
    .await;
    let mut connection = app.connect().await;
    let mut transaction = connection.begin().await.expect("a transaction");
    let lock = transaction
        .execute("SELECT FROM webhook_logs FOR UPDATE")
        .await;
    lock.expect("the lock");
    let metrics = app.start_workers();
    app.wait_for_count("SELECT count(*) FROM outbox", 1).await;
    poll(async || {
        let text = metrics.text().expect("metrics");
        let name = "dossier_purge_lag_seconds{kind=\"events\"} ";
        let lag = text.lines().find_map(|line| line.strip_prefix(name));
        let lag: f64 = lag.and_then(|it| it.parse().ok()).unwrap_or_default();
        // Ten days for the locked row, and no longer eleven for the purged rows.
        match (864_000.0..900_000.0).contains(&lag) {
            true => Ok(()),
            false => Err(lag),
        }
    })
    .await;
    transaction.rollback().await.expect("the rollback");
}

/// A seal that fails is reported like an unreachable database.
#[tokio::test]
async fn a_failing_seal_does_not_block_other_workspaces() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let other = "dossier_other_key";
    app.add_workspace(other).await;
    app.execute(
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
    app.wait_for_count("SELECT count(*) FROM activity_seals", 1)
        .await;
    assert_eq!(
        app.count("SELECT count(*) FROM unsealed_activities").await,
        1
    );
}
