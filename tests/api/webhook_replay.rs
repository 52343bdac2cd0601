//! Sending the events of an outage again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, Row};
use uuid::Uuid;

use crate::support::{LONG, Receiver, TestApp, TestResponse};

const KEY: &str = dossier::workspaces::FIXED_KEY;
/// A range that has every event of a test.
const ALWAYS: (&str, &str) = ("2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");

async fn subscribe(app: &TestApp, url: &str, events: &[&str]) -> String {
    let body = json!({"url": url, "events": events});
    let made = app.call(Method::POST, "/webhooks", &body).await.expect(201);
    made.id().to_owned()
}

async fn rename(app: &TestApp, case: &str, name: &str) {
    let path = format!("/cases/{case}");
    let body = json!({"name": name});
    app.call(Method::PATCH, &path, &body).await.expect(200);
}

async fn replay(app: &TestApp, webhook: &str, body: &Value) -> TestResponse {
    let path = format!("/webhooks/{webhook}/replay");
    app.call(Method::POST, &path, body).await
}

fn range() -> Value {
    json!({"since": ALWAYS.0, "until": ALWAYS.1})
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    let mut connection = app.connect().await;
    connection.fetch_one(sql).await.expect("a count").get(0)
}

async fn until(app: &TestApp, sql: &'static str) {
    let begun = Instant::now();
    while count(app, sql).await != 0 {
        assert!(begun.elapsed() < LONG, "{sql}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const PENDING: &str = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";

#[tokio::test]
async fn the_events_of_a_range_are_sent_again_in_the_order_of_their_case() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = subscribe(&app, &receiver.url, &["Case.Created", "Case.Updated"]).await;
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    rename(&app, &case, "1").await;
    rename(&app, &case, "2").await;
    let first = receiver.wait_for(3).await;
    until(&app, PENDING).await;
    let response = replay(&app, &webhook, &range()).await.expect(202);
    assert_eq!(
        response.body,
        json!({"deliveries": 3, "already_pending": 0, "without_payload": 0, "next_cursor": null})
    );
    let received = receiver.wait_for(6).await;
    // The same messages, so that a receiver recognises what it has.
    let ids = |received: &[crate::support::Received]| -> Vec<String> {
        let ids = received.iter().map(|it| it.header("webhook-id").to_owned());
        ids.collect()
    };
    assert_eq!(ids(&received[3..]), ids(&first));
    assert_eq!(received[5].body["case"]["name"], "2");
    until(&app, PENDING).await;
    let logs = app.get("/webhook-logs?limit=3").await.expect(200);
    for log in logs.body["data"].as_array().expect("deliveries") {
        assert_eq!(log["state"], "delivered");
        assert_eq!(log["attempts"][0]["type"], "manual_retry");
    }
    assert_eq!(logs.body["pagination"]["count"], 6);
}

#[tokio::test]
async fn only_the_events_of_the_range_and_of_the_webhook_are_sent() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let all = ["Case.Created", "Case.InfoUpdated"];
    subscribe(&app, "http://127.0.0.1:9/all", &all).await;
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    rename(&app, &case, "1").await;
    app.execute(
        "UPDATE outbox SET created_at = '2026-01-01T10:00:00Z' WHERE version = 1;
         UPDATE outbox SET created_at = '2026-01-01T11:00:00Z' WHERE version = 2",
    )
    .await;
    // A webhook that is made afterwards gets what others were told of.
    let updates = subscribe(&app, "http://127.0.0.1:9/updates", &["Case.Updated"]).await;
    let created = subscribe(&app, "http://127.0.0.1:9/created", &["Case.Created"]).await;
    for (webhook, since, until, deliveries) in [
        (&created, "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z", 1),
        (&updates, "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z", 0),
        (&updates, "2026-01-01T11:00:00Z", "2026-01-01T11:00:01Z", 1),
        (
            &created,
            "2026-01-01T12:00:00+02:00",
            "2026-01-01T10:00:00.001Z",
            0,
        ),
    ] {
        let body = json!({"since": since, "until": until});
        let response = replay(&app, webhook, &body).await.expect(202);
        assert_eq!(response.body["deliveries"], deliveries, "{body}");
        let pending = if (webhook, deliveries) == (&created, 0) {
            1
        } else {
            0
        };
        assert_eq!(response.body["already_pending"], pending, "{body}");
    }
}

/// The queue of a case stands still until its first delivery is due, which may be hours after an outage.
#[tokio::test]
async fn what_waits_for_a_retry_is_due_at_once_and_not_sent_twice() {
    let app = TestApp::start().await;
    let is_down = Arc::new(AtomicBool::new(true));
    let down = Arc::clone(&is_down);
    let mut receiver = Receiver::responding(move |_| {
        if down.load(Ordering::SeqCst) {
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        } else {
            StatusCode::OK.into_response()
        }
    })
    .await;
    let webhook = subscribe(&app, &receiver.url, &["Case.Created", "Case.Updated"]).await;
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    rename(&app, &case, "1").await;
    receiver.wait_for(1).await;
    until(
        &app,
        "SELECT count(*) FROM webhook_logs WHERE leased_until IS NOT NULL OR
             (version = 1 AND attempt_count = 0)",
    )
    .await;
    app.execute(
        "UPDATE webhook_logs SET next_attempt_at = now() + interval '8 h' WHERE version = 1",
    )
    .await;
    is_down.store(false, Ordering::SeqCst);
    let before = receiver.received().len();
    let response = replay(&app, &webhook, &range()).await.expect(202);
    assert_eq!(response.body["deliveries"], 0);
    assert_eq!(response.body["already_pending"], 2);
    let received = receiver.wait_for(before + 2).await;
    assert_eq!(received[before].body["case"]["name"], "0");
    assert_eq!(received[before + 1].body["case"]["name"], "1");
    until(&app, PENDING).await;
}

#[tokio::test]
async fn a_long_outage_is_replayed_in_bounded_parts() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let webhook = subscribe(&app, "http://127.0.0.1:9/", &["Case.Created"]).await;
    app.create(&json!({"name": "0"})).await;
    // Many of one moment, since a batch writes them so.
    app.execute(
        "INSERT INTO outbox (workspace_id, case_id, id, event, version, subject, created_at)
         SELECT workspace_id, gen_random_uuid(), gen_random_uuid(), event, 1, subject,
             '2026-01-01'::timestamptz + (i / 400) * interval '1 h'
         FROM outbox, generate_series(1, 1199) AS i;
         DELETE FROM webhook_logs",
    )
    .await;
    let (mut made, mut parts, mut body) = (0, 0, range());
    loop {
        let response = replay(&app, &webhook, &body).await.expect(202);
        let deliveries = response.body["deliveries"].as_i64().expect("a count");
        assert!(deliveries <= 500, "{deliveries} at once");
        made += deliveries;
        parts += 1;
        match &response.body["next_cursor"] {
            Value::String(next) => body["cursor"] = json!(next),
            _ => break,
        }
    }
    assert_eq!((made, parts), (1_200, 3));
    let distinct = "SELECT count(DISTINCT event_id) FROM webhook_logs WHERE state = 'pending'";
    assert_eq!(count(&app, distinct).await, 1_200);
    assert_eq!(
        count(&app, "SELECT count(*) FROM webhook_queues").await,
        1_200
    );
    // A cursor goes on with its own range alone.
    let mut other = json!({"since": ALWAYS.0, "until": "2090-01-01T00:00:00Z"});
    other["cursor"] = body["cursor"].clone();
    let refused = replay(&app, &webhook, &other).await.expect(400);
    assert_eq!(refused.errors(), [("/cursor", "mutually_exclusive")]);
    let elsewhere = subscribe(&app, "http://127.0.0.1:9/", &["Case.Created"]).await;
    let refused = replay(&app, &elsewhere, &body).await.expect(400);
    assert_eq!(refused.errors(), [("/cursor", "mutually_exclusive")]);
}

#[tokio::test]
async fn a_replay_with_a_key_is_done_once() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = subscribe(&app, &receiver.url, &["Case.Created"]).await;
    app.create(&json!({"name": "0"})).await;
    receiver.wait_for(1).await;
    until(&app, PENDING).await;
    let path = format!("/webhooks/{webhook}/replay");
    let send = async || {
        let request = app.request(Method::POST, &path).bearer_auth(KEY);
        let request = request.header("idempotency-key", "replay").json(&range());
        app.send(request).await.expect(202)
    };
    let (first, again) = (send().await, send().await);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(count(&app, "SELECT count(*) FROM webhook_logs").await, 2);
}

#[tokio::test]
async fn events_that_show_nothing_any_more_are_counted_and_not_sent() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    // Nobody waits for it, so that nothing of it is kept.
    app.create(&json!({"name": "unheard"})).await;
    let webhook = subscribe(&app, "http://127.0.0.1:9/", &["Case.Created"]).await;
    let case = app.create(&json!({"name": "gone"})).await.id().to_owned();
    let path = format!("/cases/{case}");
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    let response = replay(&app, &webhook, &range()).await.expect(202);
    assert_eq!(response.body["deliveries"], 0);
    assert_eq!(response.body["without_payload"], 2);
    assert_eq!(count(&app, PENDING).await, 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_replay_is_said_at_once() {
    let app = TestApp::start().await;
    let webhook = subscribe(&app, "http://127.0.0.1:9/", &["Case.Created"]).await;
    for (body, errors) in [
        (
            json!({}),
            vec![("/since", "required"), ("/until", "required")],
        ),
        (
            json!({"since": "yesterday", "until": 1, "form": "x"}),
            vec![
                ("/since", "format"),
                ("/until", "type"),
                ("/form", "unknown_field"),
            ],
        ),
        (
            json!({"since": "2026-01-01T00:00:00", "until": "2026-01-02"}),
            vec![("/since", "format"), ("/until", "format")],
        ),
        (
            json!({"since": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z"}),
            vec![("/until", "range")],
        ),
        (
            json!({"since": ALWAYS.0, "until": ALWAYS.1, "cursor": "x"}),
            vec![("/cursor", "format")],
        ),
    ] {
        let refused = replay(&app, &webhook, &body).await.expect(400);
        assert_eq!(refused.errors(), errors, "{body}");
    }
    let nobody = "0198a000-0000-4000-8000-0000000fffff";
    replay(&app, nobody, &range()).await.expect(404);
    let path = format!("/webhooks/{webhook}");
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    replay(&app, &webhook, &range()).await.expect(404);
}

/// Nothing is made for a webhook that is offline until it is online again; a replay waits like the rest.
#[tokio::test]
async fn a_replay_for_a_webhook_that_is_offline_waits_until_it_is_online() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = subscribe(&app, &receiver.url, &["Case.Created"]).await;
    app.create(&json!({"name": "0"})).await;
    receiver.wait_for(1).await;
    until(&app, PENDING).await;
    let path = format!("/webhooks/{webhook}");
    let turn = async |status: &str| {
        let body = json!({"status": status});
        app.call(Method::PATCH, &path, &body).await.expect(200);
    };
    turn("offline").await;
    let response = replay(&app, &webhook, &range()).await.expect(202);
    assert_eq!(response.body["deliveries"], 1);
    assert_eq!(count(&app, PENDING).await, 1);
    turn("online").await;
    receiver.wait_for(2).await;
}

/// Two hundred thousand events, and as many deliveries of the endpoint.
#[tokio::test]
async fn a_part_of_a_replay_reads_no_more_than_its_events() {
    const FILL: &str = "
        DO $$ BEGIN
            PERFORM set_config('session_replication_role', 'replica', false);
        EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
        INSERT INTO outbox (workspace_id, case_id, id, event, version, subject, created_at)
        SELECT workspace_id, gen_random_uuid(), gen_random_uuid(), event, 1, subject,
            '2026-01-01'::timestamptz + i * interval '1 s'
        FROM outbox, generate_series(1, 200000) AS i;
        INSERT INTO webhook_logs (workspace_id, id, webhook_id, case_id, event_id, event, version,
            endpoint, state, status_code, attempt_count, attempt_type, next_attempt_at,
            last_attempt_at, created_at)
        SELECT o.workspace_id, gen_random_uuid(), w.id, o.case_id, o.id, o.event, o.version, '',
            'delivered', 200, 1, 'first_call', now(), now(), now()
        FROM outbox AS o JOIN webhooks AS w ON w.workspace_id = o.workspace_id;
        SET session_replication_role = DEFAULT";
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let webhook = subscribe(&app, "http://127.0.0.1:9/", &["Case.Created"]).await;
    app.create(&json!({"name": "0"})).await;
    let mut connection = app.connect().await;
    connection.execute(FILL).await.expect("events");
    let ids: Vec<Uuid> = (1..=500).map(Uuid::from_u128).collect();
    let now = dossier::values::now();
    // Tables that nobody has analysed too.
    for analyse in ["SELECT 1", "ANALYZE"] {
        connection.execute(analyse).await.expect("it is analysed");
        let mut open = connection.begin().await.expect("a transaction");
        // As the server does.
        let along = open.execute("SET LOCAL enable_sort = off").await;
        along.expect("the setting");
        let since = "2026-01-02T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>();
        let made = sqlx::query(include_str!("../../src/webhooks/replay.sql"))
            .bind(Uuid::parse_str("0198a000-0000-4000-8000-000000000001").expect("a UUID"))
            .bind(Uuid::parse_str(&webhook).expect("a UUID"))
            .bind(vec!["Case.Created"])
            .bind(since.expect("a moment"))
            .bind(Uuid::nil())
            .bind(now)
            .bind(500_i64)
            .bind(&ids)
            .bind("http://127.0.0.1:9/")
            .bind(now)
            .bind(None::<String>)
            .fetch_one(&mut *open)
            .await
            .expect("a part");
        assert_eq!(made.get::<i64, _>(0), 500);
        let read = "SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint
            FROM pg_stat_xact_user_tables WHERE relname IN ('outbox', 'webhook_logs')";
        let rows: i64 = open.fetch_one(read).await.expect("a count").get(0);
        assert!(rows <= 5_000, "{rows} rows, {analyse}");
        open.rollback().await.expect("nothing is made");
    }
}
