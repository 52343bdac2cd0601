//! Replays of events after an outage.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, Row};
use uuid::Uuid;

use crate::support::{Receiver, TestApp, TestResponse};

const KEY: &str = dossier::workspaces::FIXED_KEY;
/// A time range with every event of a test.
const ALWAYS: (&str, &str) = ("2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");

async fn replay(app: &TestApp, webhook: &str, body: &Value) -> TestResponse {
    let path = format!("/webhooks/{webhook}/replay");
    app.call(Method::POST, &path, body).await
}

fn range() -> Value {
    json!({"since": ALWAYS.0, "until": ALWAYS.1})
}

const PENDING: &str = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";

#[tokio::test]
async fn replays_the_events_of_a_range_in_order() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = app
        .subscribe(&receiver.url, &["Case.Created", "Case.Updated"])
        .await
        .id();
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    app.rename_case(&case, "1").await;
    app.rename_case(&case, "2").await;
    let first = receiver.wait_for(3).await;
    app.wait_for_count(PENDING, 0).await;
    let response = replay(&app, &webhook, &range()).await.expect(202);
    assert_eq!(
        response.body,
        json!({"deliveries": 3, "already_pending": 0, "without_payload": 0, "next_cursor": null})
    );
    let received = receiver.wait_for(6).await;
    // The same message ids, so that a receiver recognises duplicates.
    let ids = |received: &[crate::support::Received]| -> Vec<String> {
        let ids = received.iter().map(|it| it.header("webhook-id").to_owned());
        ids.collect()
    };
    assert_eq!(ids(&received[3..]), ids(&first));
    assert_eq!(received[5].body["case"]["name"], "2");
    app.wait_for_count(PENDING, 0).await;
    let logs = app.get("/webhook-logs?limit=3").await.expect(200);
    for log in logs.body["data"].as_array().expect("deliveries") {
        assert_eq!(log["state"], "delivered");
        assert_eq!(log["attempts"][0]["type"], "manual_retry");
    }
    assert_eq!(logs.body["pagination"]["count"], 6);
}

#[tokio::test]
async fn replays_only_subscribed_events_within_the_range() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let all = ["Case.Created", "Case.InfoUpdated"];
    app.subscribe("http://127.0.0.1:9/all", &all).await;
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    app.rename_case(&case, "1").await;
    app.execute(
        "UPDATE outbox SET created_at = '2026-01-01T10:00:00Z' WHERE version = 1;
         UPDATE outbox SET created_at = '2026-01-01T11:00:00Z' WHERE version = 2",
    )
    .await;
    // A webhook created later can replay events that others received.
    let updates = app
        .subscribe("http://127.0.0.1:9/updates", &["Case.Updated"])
        .await
        .id();
    let created = app
        .subscribe("http://127.0.0.1:9/created", &["Case.Created"])
        .await
        .id();
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

/// A queue waits until its first delivery is due, which can be hours after an outage.
#[tokio::test]
async fn makes_pending_retries_due_at_once_without_duplicates() {
    let app = TestApp::start().await;
    let is_down = Arc::new(AtomicBool::new(true));
    let mut receiver = Receiver::failing_while(Arc::clone(&is_down)).await;
    let webhook = app
        .subscribe(&receiver.url, &["Case.Created", "Case.Updated"])
        .await
        .id();
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    app.rename_case(&case, "1").await;
    receiver.wait_for(1).await;
    app.wait_for_count(
        "SELECT count(*) FROM webhook_logs WHERE leased_until IS NOT NULL OR
             (version = 1 AND attempt_count = 0)",
        0,
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
    app.wait_for_count(PENDING, 0).await;
}

#[tokio::test]
async fn replays_a_long_outage_in_pages_of_500() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let webhook = app
        .subscribe("http://127.0.0.1:9/", &["Case.Created"])
        .await
        .id();
    app.create(&json!({"name": "0"})).await;
    // Many events with one timestamp, as a batch creates them.
    app.execute(
        "INSERT INTO outbox (workspace_id, case_id, id, event, version, subject, created_at)
         SELECT workspace_id, gen_random_uuid(), gen_random_uuid(), event, 1, subject,
             '2026-01-01'::timestamptz + (i / 400) * interval '1 h'
         FROM outbox, generate_series(1, 1199) AS i;
         DELETE FROM webhook_logs",
    )
    .await;
    let (mut delivered, mut pages, mut body) = (0, 0, range());
    loop {
        let response = replay(&app, &webhook, &body).await.expect(202);
        let deliveries = response.body["deliveries"].as_i64().expect("a count");
        assert!(deliveries <= 500, "{deliveries} at once");
        delivered += deliveries;
        pages += 1;
        match &response.body["next_cursor"] {
            Value::String(next) => body["cursor"] = json!(next),
            _ => break,
        }
    }
    assert_eq!((delivered, pages), (1_200, 3));
    let distinct = "SELECT count(DISTINCT event_id) FROM webhook_logs WHERE state = 'pending'";
    assert_eq!(app.count(distinct).await, 1_200);
    assert_eq!(
        app.count("SELECT count(*) FROM webhook_queues").await,
        1_200
    );
    // A cursor is valid for its own range and webhook only.
    let mut other = json!({"since": ALWAYS.0, "until": "2090-01-01T00:00:00Z"});
    other["cursor"] = body["cursor"].clone();
    let refused = replay(&app, &webhook, &other).await.expect(400);
    assert_eq!(refused.errors(), [("/cursor", "mutually_exclusive")]);
    let other_webhook = app
        .subscribe("http://127.0.0.1:9/", &["Case.Created"])
        .await
        .id();
    let refused = replay(&app, &other_webhook, &body).await.expect(400);
    assert_eq!(refused.errors(), [("/cursor", "mutually_exclusive")]);
}

#[tokio::test]
async fn replays_once_per_idempotency_key() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = app.subscribe(&receiver.url, &["Case.Created"]).await.id();
    app.create(&json!({"name": "0"})).await;
    receiver.wait_for(1).await;
    app.wait_for_count(PENDING, 0).await;
    let path = format!("/webhooks/{webhook}/replay");
    let send = async || {
        let request = app.request(Method::POST, &path).bearer_auth(KEY);
        let request = request.header("idempotency-key", "replay").json(&range());
        app.send(request).await.expect(202)
    };
    let (first, again) = (send().await, send().await);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(app.count("SELECT count(*) FROM webhook_logs").await, 2);
}

#[tokio::test]
async fn counts_events_without_payload_and_does_not_send_them() {
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    // Without a webhook, the payload of the event is not stored.
    app.create(&json!({"name": "unheard"})).await;
    let webhook = app
        .subscribe("http://127.0.0.1:9/", &["Case.Created"])
        .await
        .id();
    let case = app.create(&json!({"name": "gone"})).await.id().to_owned();
    let path = format!("/cases/{case}");
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    let response = replay(&app, &webhook, &range()).await.expect(202);
    assert_eq!(response.body["deliveries"], 0);
    assert_eq!(response.body["without_payload"], 2);
    assert_eq!(app.count(PENDING).await, 0);
}

#[tokio::test]
async fn returns_all_errors_of_a_replay_request_at_once() {
    let app = TestApp::start().await;
    let webhook = app
        .subscribe("http://127.0.0.1:9/", &["Case.Created"])
        .await
        .id();
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
    let unknown = "0198a000-0000-4000-8000-0000000fffff";
    replay(&app, unknown, &range()).await.expect(404);
    let path = format!("/webhooks/{webhook}");
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    replay(&app, &webhook, &range()).await.expect(404);
}

/// Deliveries to an offline webhook wait until it is online; so does a replay.
#[tokio::test]
async fn replay_to_an_offline_webhook_waits_until_it_is_online() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = app.subscribe(&receiver.url, &["Case.Created"]).await.id();
    app.create(&json!({"name": "0"})).await;
    receiver.wait_for(1).await;
    app.wait_for_count(PENDING, 0).await;
    let path = format!("/webhooks/{webhook}");
    let set_status = async |status: &str| {
        let body = json!({"status": status});
        app.call(Method::PATCH, &path, &body).await.expect(200);
    };
    set_status("offline").await;
    let response = replay(&app, &webhook, &range()).await.expect(202);
    assert_eq!(response.body["deliveries"], 1);
    assert_eq!(app.count(PENDING).await, 1);
    set_status("online").await;
    receiver.wait_for(2).await;
}

/// 200,000 events, and as many deliveries to the webhook.
#[tokio::test]
async fn a_page_of_a_replay_reads_only_its_own_events() {
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
    let webhook = app
        .subscribe("http://127.0.0.1:9/", &["Case.Created"])
        .await
        .id();
    app.create(&json!({"name": "0"})).await;
    let mut connection = app.connect().await;
    connection.execute(FILL).await.expect("events");
    let ids: Vec<Uuid> = (1..=500).map(Uuid::from_u128).collect();
    let now = dossier::clock::now();
    // Tables that nobody has analysed too.
    for analyse in ["SELECT 1", "ANALYZE"] {
        connection.execute(analyse).await.expect("the statistics");
        let mut open = connection.begin().await.expect("a transaction");
        // As the server does.
        let along = open.execute("SET LOCAL enable_sort = off").await;
        along.expect("the setting");
        let since = "2026-01-02T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>();
        let delivered = sqlx::query(include_str!("../../src/webhooks/replay/events.sql"))
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
        assert_eq!(delivered.get::<i64, _>(0), 500);
        let read = "SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint
            FROM pg_stat_xact_user_tables WHERE relname IN ('outbox', 'webhook_logs')";
        let rows: i64 = open.fetch_one(read).await.expect("a count").get(0);
        assert!(rows <= 5_000, "{rows} rows, {analyse}");
        open.rollback().await.expect("the rollback");
    }
}
