//! The queues of deliveries: one for each endpoint and case.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use crate::support::{Received, Receiver, TestApp};

const EVENTS: [&str; 3] = ["Case.Created", "Case.Updated", "Case.Deleted"];

async fn subscribe(app: &TestApp, key: &str, url: &str) -> String {
    let request = app.request(Method::POST, "/webhooks").bearer_auth(key);
    let body = json!({"url": url, "events": EVENTS});
    let made = app.send(request.json(&body)).await.expect(201);
    made.id().to_owned()
}

const KEY: &str = dossier::workspaces::FIXED_KEY;

async fn rename(app: &TestApp, case: &str, name: &str) {
    let path = format!("/cases/{case}");
    let body = json!({"name": name});
    app.call(Method::PATCH, &path, &body).await.expect(200);
}

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
async fn until(app: &TestApp, what: &'static str, sql: &'static str) {
    let begun = Instant::now();
    while count(app, sql).await != 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// As if so many minutes had passed for everything that waits for a retry.
async fn pass(app: &TestApp, minutes: u32) {
    // What a worker holds is under way now.
    until(
        app,
        "an attempt ends",
        "SELECT count(*) FROM webhook_logs WHERE state = 'pending' AND leased_until IS NOT NULL",
    )
    .await;
    let sql = format!(
        "UPDATE webhook_logs SET next_attempt_at = next_attempt_at - interval '{minutes} min'
         WHERE state = 'pending'"
    );
    execute(app, &sql).await;
}

/// Whether the first arrivals of the events of each case came in the order of its versions.
#[track_caller]
fn assert_ordered(received: &[Received]) {
    let mut last: HashMap<String, i64> = HashMap::new();
    for it in received {
        let case = it.body["case"]["id"].as_str().expect("an id").to_owned();
        let version = it.body["context"]["version"].as_i64().expect("a version");
        let last = last.entry(case).or_default();
        assert!(version >= *last, "{version} after {last}");
        *last = version;
    }
}

/// The queues are what the pending deliveries say: none is missing, too many, or of another moment.
async fn assert_consistent(app: &TestApp) {
    let wrong = "WITH first AS (
            SELECT DISTINCT ON (workspace_id, webhook_id, case_id) workspace_id, webhook_id, case_id,
                id, greatest(next_attempt_at, leased_until) AS due_at
            FROM webhook_logs WHERE state = 'pending'
            ORDER BY workspace_id, webhook_id, case_id, version, id)
        SELECT count(*) FROM first
        FULL JOIN webhook_queues AS q USING (workspace_id, webhook_id, case_id)
        WHERE q.due_at IS DISTINCT FROM first.due_at OR q.log_id IS DISTINCT FROM first.id";
    assert_eq!(count(app, wrong).await, 0, "queues and deliveries differ");
}

/// The queue that could stop for good: its first delivery falls due later than 64 others that wait for it.
#[tokio::test]
async fn a_retry_that_is_due_later_than_70_deliveries_behind_it_is_made() {
    let app = TestApp::start().await;
    let is_down = Arc::new(AtomicBool::new(true));
    let down = Arc::clone(&is_down);
    let mut receiver = Receiver::responding(move |_| {
        if down.load(Ordering::SeqCst) {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        } else {
            StatusCode::NO_CONTENT.into_response()
        }
    })
    .await;
    subscribe(&app, KEY, &receiver.url).await;
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    for number in 1..70 {
        rename(&app, &case, &number.to_string()).await;
    }
    receiver.wait_for(1).await;
    pass(&app, 0).await;
    is_down.store(false, Ordering::SeqCst);
    let before = receiver.received().len();
    execute(
        &app,
        "UPDATE webhook_logs SET next_attempt_at = now() - interval '1 min' * (1 + version)
         WHERE state = 'pending'",
    )
    .await;
    let received = receiver.wait_for(before + 70).await;
    let names = received.iter().skip(before);
    let names = names.map(|it| it.body["case"]["name"].as_str().expect("a name").to_owned());
    let expected: Vec<_> = (0..70).map(|it| it.to_string()).collect();
    assert_eq!(names.collect::<Vec<_>>(), expected);
    until(
        &app,
        "all are delivered",
        "SELECT count(*) FROM webhook_logs WHERE state <> 'delivered'",
    )
    .await;
    assert_eq!(count(&app, "SELECT count(*) FROM webhook_queues").await, 0);
}

#[tokio::test]
async fn an_endpoint_that_was_down_for_15_minutes_gets_everything_in_order() {
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
    subscribe(&app, KEY, &receiver.url).await;
    let mut cases = Vec::new();
    for minute in 0..15 {
        cases.push(app.create(&json!({"name": "new"})).await.id().to_owned());
        for (number, case) in cases.iter().enumerate() {
            // One has more than 70.
            for _ in 0..if number == 0 { 5 } else { 1 } {
                rename(&app, case, &format!("at {minute}")).await;
            }
        }
        pass(&app, 1).await;
        assert_consistent(&app).await;
    }
    let failed = receiver.received().len();
    is_down.store(false, Ordering::SeqCst);
    pass(&app, 40).await;
    let deliveries = count(&app, "SELECT count(*) FROM webhook_logs").await;
    assert_eq!(deliveries, 15 + 5 * 15 + 14 * 15 / 2);
    let deliveries = usize::try_from(deliveries).expect("a count");
    let received = receiver.wait_for(failed + deliveries).await;
    let received = received
        .get(failed..)
        .expect("what came once it was healthy");
    assert_eq!(received.len(), deliveries);
    assert_ordered(received);
    until(
        &app,
        "all are delivered",
        "SELECT count(*) FROM webhook_logs WHERE state <> 'delivered'",
    )
    .await;
    assert_consistent(&app).await;
}

#[tokio::test]
async fn a_delivery_that_fails_holds_up_its_case_and_no_other() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::responding(|number| match number {
        0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    subscribe(&app, KEY, &receiver.url).await;
    let held_up = app.create(&json!({"name": "A"})).await.id().to_owned();
    receiver.wait_for(1).await;
    rename(&app, &held_up, "A2").await;
    let other = app.create(&json!({"name": "B"})).await.id().to_owned();
    rename(&app, &other, "B2").await;
    let received = receiver.wait_for(3).await;
    assert!(
        received[1..]
            .iter()
            .all(|it| it.body["case"]["id"] == other.as_str())
    );
    // Whoever asks for a later one asks for what is before it.
    let logs = app
        .get("/webhook-logs?sort=created_at.asc")
        .await
        .expect(200);
    let logs = logs.body["data"].as_array().expect("deliveries").clone();
    let last = logs
        .iter()
        .rfind(|it| it["case_id"] == held_up.as_str())
        .expect("a delivery");
    assert_eq!(last["attempts"], json!([]));
    let path = format!(
        "/webhook-logs/{}/retry",
        last["id"].as_str().expect("an id")
    );
    app.call(Method::POST, &path, &json!({})).await.expect(202);
    let received = receiver.wait_for(5).await;
    let names: Vec<_> = received
        .iter()
        .map(|it| it.body["case"]["name"].clone())
        .collect();
    assert_eq!(names, ["A", "B", "B2", "A", "A2"]);
}

/// The same over and over: the last delivery of a queue ends while the next one is written.
#[tokio::test]
async fn a_delivery_that_is_written_while_the_one_before_it_ends_is_made() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    subscribe(&app, KEY, &receiver.url).await;
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    for number in 1..=150 {
        rename(&app, &case, &number.to_string()).await;
    }
    let received = receiver.wait_for(151).await;
    assert_ordered(&received);
    until(
        &app,
        "all queues end",
        "SELECT count(*) FROM webhook_queues",
    )
    .await;
}

/// Both orders of a worker that ends the last delivery and of a writer that adds one.
#[tokio::test]
async fn a_writer_and_a_worker_that_meet_at_a_queue_lose_no_delivery() {
    const END: &str = "UPDATE webhook_logs SET state = 'delivered', leased_until = NULL
        WHERE state = 'pending'";
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    subscribe(&app, KEY, "http://127.0.0.1:9/").await;
    for is_worker_first in [true, false] {
        let case = app.create(&json!({"name": "A"})).await.id().to_owned();
        let add = format!(
            "WITH event AS (
                 INSERT INTO outbox (workspace_id, case_id, id, event, version, created_at)
                 SELECT workspace_id, case_id, gen_random_uuid(), event, 2, now()
                 FROM outbox WHERE case_id = '{case}'
                 RETURNING workspace_id, case_id, id)
             INSERT INTO webhook_logs (workspace_id, id, webhook_id, case_id, event_id, event,
                 version, endpoint, state, status_code, attempt_count, attempt_type,
                 next_attempt_at, last_attempt_at, created_at)
             SELECT e.workspace_id, gen_random_uuid(), w.id, e.case_id, e.id, 'Case.Updated', 2, '',
                 'pending', 0, 0, 'first_call', now(), now(), now()
             FROM event AS e JOIN webhooks AS w ON w.workspace_id = e.workspace_id"
        );
        let (first, second) = if is_worker_first {
            (END.to_owned(), add)
        } else {
            (add, END.to_owned())
        };
        let mut connections = (app.connect().await, app.connect().await);
        let mut open = connections.0.begin().await.expect("a transaction");
        open.execute(AssertSqlSafe(first)).await.expect("the first");
        let waiting = tokio::spawn(async move {
            let done = connections.1.execute(AssertSqlSafe(second)).await;
            done.expect("the second");
        });
        until(
            &app,
            "the second waits for the first",
            "SELECT 1 - least(1, count(*)) FROM pg_stat_activity
             WHERE wait_event_type = 'Lock' AND datname = current_database()",
        )
        .await;
        open.commit().await.expect("the commit");
        waiting.await.expect("it ends");
        assert_consistent(&app).await;
        let pending = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";
        assert_eq!(count(&app, pending).await, 1);
        execute(&app, "DELETE FROM outbox").await;
        assert_eq!(count(&app, "SELECT count(*) FROM webhook_queues").await, 0);
    }
}

/// What a server of the version before holds is its own, and what it leaves is found.
#[tokio::test]
async fn a_server_that_knows_no_queues_shares_the_deliveries() {
    let mut app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.stop_workers().await;
    subscribe(&app, KEY, &receiver.url).await;
    let held = app.create(&json!({"name": "A"})).await.id().to_owned();
    rename(&app, &held, "A2").await;
    execute(
        &app,
        "UPDATE webhook_logs SET leased_until = now() + interval '1 hour' WHERE version = 1",
    )
    .await;
    app.create(&json!({"name": "B"})).await;
    app.start_workers();
    receiver.wait_for(1).await;
    until(
        &app,
        "the other is delivered",
        "SELECT count(*) - 1 FROM webhook_logs WHERE state = 'delivered'",
    )
    .await;
    assert_eq!(receiver.received().len(), 1, "it was taken from its holder");
    // It has failed there.
    execute(
        &app,
        "UPDATE webhook_logs SET leased_until = NULL, next_attempt_at = now(), attempt_count = 1
         WHERE leased_until IS NOT NULL",
    )
    .await;
    let received = receiver.wait_for(3).await;
    let names: Vec<_> = received
        .iter()
        .map(|it| it.body["case"]["name"].clone())
        .collect();
    assert_eq!(names, ["B", "A", "A2"]);
}

/// Two workspaces with 64 endpoints that hang, and more for each than all slots of the server.
#[tokio::test]
async fn endpoints_of_others_that_hang_leave_slots_for_a_healthy_one() {
    let app = TestApp::start().await;
    let mut hanging = Receiver::responding_async(|_| std::future::pending()).await;
    for key in ["dossier_one_key", "dossier_two_key"] {
        app.add_workspace(key).await;
        for _ in 0..32 {
            subscribe(&app, key, &hanging.url).await;
        }
        let cases = (0..20).map(|_| app.post_as(key, json!({"name": "A"}).to_string()));
        let cases: Vec<_> = futures_util::stream::iter(cases)
            .buffer_unordered(4)
            .collect()
            .await;
        assert!(cases.iter().all(|it| it.status == StatusCode::CREATED));
    }
    // As many as they can have at once.
    hanging.wait_for(150).await;
    let mut healthy = Receiver::start().await;
    subscribe(&app, KEY, &healthy.url).await;
    for _ in 0..10 {
        app.create(&json!({"name": "B"})).await;
    }
    healthy.wait_for(10).await;
    let ended = count(&app, "SELECT count(*) FROM webhook_log_attempts").await;
    assert!(
        ended < 1_000,
        "it had its turn once all others had theirs: {ended}"
    );
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_fails_alone() {
    let mut app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.stop_workers().await;
    subscribe(&app, KEY, &receiver.url).await;
    let case = app.create(&json!({"name": "A"})).await.id().to_owned();
    rename(&app, &case, "A2").await;
    app.create(&json!({"name": "B"})).await;
    // Two values that the database takes, and that have no form in the server.
    execute(
        &app,
        "UPDATE outbox SET created_at = 'infinity' WHERE version = 1 AND subject ->> 'name' = 'A'",
    )
    .await;
    app.start_workers();
    let received = receiver.wait_for(2).await;
    let mut names: Vec<_> = received
        .iter()
        .map(|it| it.body["case"]["name"].clone())
        .collect();
    names.sort_unstable_by_key(ToString::to_string);
    assert_eq!(names, ["A2", "B"]);
    let mut connection = app.connect().await;
    let failed: Vec<(String, i32, i32, String)> = sqlx::query_as(
        "SELECT l.state, l.attempt_count, a.status_code, a.error
         FROM webhook_logs AS l JOIN webhook_log_attempts AS a
             ON a.workspace_id = l.workspace_id AND a.log_id = l.id
         WHERE l.version = 1 AND a.error IS NOT NULL",
    )
    .fetch_all(&mut connection)
    .await
    .expect("rows");
    let reason = "what this delivery shows could not be read, so that it was not sent";
    assert_eq!(failed, [("failed".to_owned(), 1, 0, reason.to_owned())]);
    until(
        &app,
        "all queues end",
        "SELECT count(*) FROM webhook_queues",
    )
    .await;
}

/// A queue whose first delivery cannot be locked does not stand before those of its endpoint.
#[tokio::test]
async fn queues_that_cannot_be_taken_stop_nobody() {
    let mut app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.stop_workers().await;
    subscribe(&app, KEY, &receiver.url).await;
    for _ in 0..8 {
        app.create(&json!({"name": "held"})).await;
    }
    let mut connection = app.connect().await;
    let mut holding = connection.begin().await.expect("a transaction");
    let lock = holding.execute("SELECT FROM webhook_logs FOR UPDATE").await;
    lock.expect("the locks");
    // Rows of queues that say too early a moment.
    app.create(&json!({"name": "stale"})).await;
    execute(
        &app,
        "UPDATE webhook_logs SET next_attempt_at = now() + interval '1 day'
         WHERE id = (SELECT max(id::text)::uuid FROM webhook_logs);
         UPDATE webhook_queues SET due_at = now() - interval '1 day';
         INSERT INTO webhook_queues (workspace_id, webhook_id, case_id, log_id, due_at)
         SELECT workspace_id, id, gen_random_uuid(), gen_random_uuid(), now() - interval '1 day'
         FROM webhooks, generate_series(1, 8)",
    )
    .await;
    app.create(&json!({"name": "free"})).await;
    app.start_workers();
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].body["case"]["name"], "free");
    holding.rollback().await.expect("the locks are free");
    let received = receiver.wait_for(9).await;
    assert!(received.iter().all(|it| it.body["case"]["name"] != "stale"));
    until(
        &app,
        "only one is left",
        "SELECT count(*) - 1 FROM webhook_queues",
    )
    .await;
    assert_consistent(&app).await;
}

/// Everything that can happen to deliveries, at once.
#[tokio::test]
async fn queues_follow_from_deliveries_whatever_happens_to_them() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::responding(|number| match number % 7 {
        0 | 3 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let mut webhooks = Vec::new();
    for _ in 0..3 {
        webhooks.push(subscribe(&app, KEY, &receiver.url).await);
    }
    let lives = (0..24_usize).map(|number| {
        let (app, webhooks) = (&app, &webhooks);
        async move {
            let case = app.create(&json!({"name": "A"})).await.id().to_owned();
            for _ in 0..3 {
                rename(app, &case, "B").await;
            }
            let webhook = format!("/webhooks/{}", webhooks[number % 3]);
            let status = if number % 2 == 0 { "offline" } else { "online" };
            app.call(Method::PATCH, &webhook, &json!({"status": status}))
                .await
                .expect(200);
            let logs = app
                .get(&format!("/webhook-logs?case_id={case}"))
                .await
                .expect(200);
            for log in logs.body["data"]
                .as_array()
                .expect("deliveries")
                .iter()
                .take(3)
            {
                let path = format!("/webhook-logs/{}/retry", log["id"].as_str().expect("an id"));
                app.call(Method::POST, &path, &json!({})).await.expect(202);
            }
            rename(app, &case, "C").await;
            if number % 3 == 0 {
                let path = format!("/cases/{case}");
                app.call(Method::DELETE, &path, &json!({}))
                    .await
                    .expect(204);
            }
        }
    });
    futures_util::stream::iter(lives)
        .buffer_unordered(6)
        .collect::<Vec<_>>()
        .await;
    let path = format!("/webhooks/{}", webhooks[0]);
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    for webhook in &webhooks[1..] {
        let path = format!("/webhooks/{webhook}");
        app.call(Method::PATCH, &path, &json!({"status": "online"}))
            .await
            .expect(200);
    }
    app.stop_workers().await;
    assert_consistent(&app).await;
    // Expiry of some, and nobody makes the deliveries of a deleted webhook.
    execute(&app, "DELETE FROM outbox WHERE id::text LIKE '%a'").await;
    assert_consistent(&app).await;
    app.start_workers();
    until(
        &app,
        "those of the deleted webhook end",
        "SELECT count(*) FROM webhook_queues AS q JOIN webhooks AS w ON w.id = q.webhook_id
         WHERE w.deleted_at IS NOT NULL",
    )
    .await;
    let begun = Instant::now();
    while count(&app, "SELECT count(*) FROM webhook_queues").await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "queues are left");
        pass(&app, 9 * 60).await;
    }
    let pending = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";
    assert_eq!(count(&app, pending).await, 0);
}

/// Rows that the scans of a statement have read, all together, by what they were read from.
async fn rows_read(
    connection: &mut PgConnection,
    sql: &str,
    parameters: &str,
) -> Vec<(String, f64)> {
    let prepare = format!("PREPARE asked AS {sql}");
    connection.execute(AssertSqlSafe(prepare)).await.expect(sql);
    let explain =
        format!("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE asked ({parameters})");
    let row = connection
        .fetch_one(AssertSqlSafe(explain))
        .await
        .expect("a plan");
    connection
        .execute("DEALLOCATE asked")
        .await
        .expect("it goes");
    let mut read = Vec::new();
    let mut nodes = vec![row.get::<Value, _>(0)[0]["Plan"].clone()];
    while let Some(node) = nodes.pop() {
        let number = |name: &str| node[name].as_f64().unwrap_or_default();
        let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        let rows = number("Actual Rows") + removed;
        if let Some(table) = node["Relation Name"].as_str() {
            let index = node["Index Name"].as_str().unwrap_or("whole");
            read.push((format!("{table}, {index}"), rows * number("Actual Loops")));
        }
        nodes.extend(node["Plans"].as_array().into_iter().flatten().cloned());
    }
    read
}

/// 100,000 pending deliveries of one endpoint, and 2,000 endpoints of 40 workspaces.
#[tokio::test]
async fn a_claim_reads_no_more_of_a_long_queue_than_it_takes() {
    const FILL: &str = "
        INSERT INTO workspaces (id, name) SELECT gen_random_uuid(), 'W' || i
        FROM generate_series(1, 39) AS i;
        INSERT INTO webhooks (workspace_id, id, name, status, type, url, events, secret, created_at,
            updated_at)
        SELECT w.id, gen_random_uuid(), 'H', 'online', 'user', 'http://127.0.0.1:9/', '{}', '', now(),
            now()
        FROM workspaces AS w, generate_series(1, 50);
        DO $$ BEGIN
            PERFORM set_config('session_replication_role', 'replica', false);
        EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
        CREATE TEMP TABLE queues AS
        SELECT workspace_id, id AS webhook_id, gen_random_uuid() AS case_id, 1 AS deliveries
        FROM webhooks;
        INSERT INTO queues SELECT workspace_id, webhook_id, gen_random_uuid(), 5
        FROM (SELECT * FROM queues ORDER BY workspace_id, webhook_id LIMIT 1) AS q, generate_series(1, 20000);
        INSERT INTO webhook_logs (workspace_id, id, webhook_id, case_id, event_id, event, version,
            endpoint, state, status_code, attempt_count, attempt_type, next_attempt_at,
            last_attempt_at, created_at)
        SELECT workspace_id, gen_random_uuid(), webhook_id, case_id, gen_random_uuid(), 'Case.Updated',
            version, '', 'pending', 0, 0, 'first_call', now() - interval '1 h', now(), now()
        FROM queues, generate_series(1, deliveries) AS version;
        INSERT INTO webhook_queues
        SELECT DISTINCT ON (workspace_id, webhook_id, case_id) workspace_id, webhook_id, case_id, id,
            next_attempt_at
        FROM webhook_logs ORDER BY workspace_id, webhook_id, case_id, version
        ON CONFLICT DO NOTHING;
        SET session_replication_role = DEFAULT";
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    let mut connection = app.connect().await;
    connection.execute(FILL).await.expect("the deliveries");
    // A table that nobody has analysed too.
    for analyse in ["SELECT 1", "ANALYZE"] {
        connection.execute(analyse).await.expect("it is analysed");
        let waiting = include_str!("../../src/webhooks/waiting.sql");
        let read = rows_read(&mut connection, waiting, "now()").await;
        assert!(read.iter().all(|(_, rows)| *rows <= 4_100.0), "{read:?}");
        let claim = include_str!("../../src/webhooks/claim.sql");
        let arrays =
            "SELECT format('%L, %L, %L, now(), now()', array_agg(workspace_id ORDER BY id),
            array_agg(id ORDER BY id), array_agg(4))
            FROM (SELECT * FROM webhooks ORDER BY workspace_id, id LIMIT 64) AS w";
        let share: String = connection.fetch_one(arrays).await.expect("a share").get(0);
        let mut open = connection.begin().await.expect("a transaction");
        let read = rows_read(&mut open, claim, &share).await;
        assert!(read.iter().all(|(_, rows)| *rows <= 300.0), "{read:?}");
        // What ends a delivery looks for the next one of its queue alone, also while the average endpoint has one.
        let read = "SELECT (idx_tup_fetch + seq_tup_read)::bigint FROM pg_stat_xact_user_tables
            WHERE relname = 'webhook_logs'";
        let before: i64 = open.fetch_one(read).await.expect("a count").get(0);
        let refresh = "SELECT count(refresh_webhook_queue(workspace_id, webhook_id, case_id)::text)
            FROM (SELECT * FROM queues ORDER BY deliveries DESC LIMIT 20) AS q";
        open.execute(refresh).await.expect("the queues");
        let after: i64 = open.fetch_one(read).await.expect("a count").get(0);
        assert!(after - before <= 100, "{}", after - before);
        open.rollback().await.expect("nothing is taken");
    }
}
