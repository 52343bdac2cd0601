//! Delivery queues: one per endpoint and case.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use crate::support::{Received, Receiver, TestApp, poll};

const EVENTS: [&str; 3] = ["Case.Created", "Case.Updated", "Case.Deleted"];

/// Makes retries due as if `minutes` had passed.
async fn advance(app: &TestApp, minutes: u32) {
    // Waits until no delivery is leased by a worker.
    app.wait_for_count(
        "SELECT count(*) FROM webhook_logs WHERE state = 'pending' AND leased_until IS NOT NULL",
        0,
    )
    .await;
    let sql = format!(
        "UPDATE webhook_logs SET next_attempt_at = next_attempt_at - interval '{minutes} min'
         WHERE state = 'pending'"
    );
    app.execute(&sql).await;
}

/// Asserts that the events of each case arrived in the order of their versions.
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

/// Asserts that the queues match the pending deliveries exactly.
async fn assert_consistent(app: &TestApp) {
    let differences = "WITH first AS (
            SELECT DISTINCT ON (workspace_id, webhook_id, case_id) workspace_id, webhook_id, case_id,
                id, greatest(next_attempt_at, leased_until) AS due_at
            FROM webhook_logs WHERE state = 'pending'
            ORDER BY workspace_id, webhook_id, case_id, version, id)
        SELECT count(*) FROM first
        FULL JOIN webhook_queues AS q USING (workspace_id, webhook_id, case_id)
        WHERE q.due_at IS DISTINCT FROM first.due_at OR q.log_id IS DISTINCT FROM first.id";
    assert_eq!(
        app.count(differences).await,
        0,
        "queues and deliveries differ"
    );
}

/// The first delivery of the queue is due later than the 69 deliveries that wait for it.
#[tokio::test]
async fn delivers_a_retry_that_is_due_later_than_the_deliveries_behind_it() {
    let app = TestApp::start().await;
    let is_down = Arc::new(AtomicBool::new(true));
    let mut receiver = Receiver::failing_while(Arc::clone(&is_down)).await;
    app.subscribe(&receiver.url, &EVENTS).await;
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    for number in 1..70 {
        app.rename_case(&case, &number.to_string()).await;
    }
    receiver.wait_for(1).await;
    advance(&app, 0).await;
    is_down.store(false, Ordering::SeqCst);
    let before = receiver.received().len();
    app.execute(
        "UPDATE webhook_logs SET next_attempt_at = now() - interval '1 min' * (1 + version)
         WHERE state = 'pending'",
    )
    .await;
    let received = receiver.wait_for(before + 70).await;
    let names = received.iter().skip(before);
    let names = names.map(|it| it.body["case"]["name"].as_str().expect("a name").to_owned());
    let expected: Vec<_> = (0..70).map(|it| it.to_string()).collect();
    assert_eq!(names.collect::<Vec<_>>(), expected);
    app.wait_for_count(
        "SELECT count(*) FROM webhook_logs WHERE state <> 'delivered'",
        0,
    )
    .await;
    assert_eq!(app.count("SELECT count(*) FROM webhook_queues").await, 0);
}

#[tokio::test]
async fn delivers_in_order_after_an_outage_of_15_minutes() {
    let app = TestApp::start().await;
    let is_down = Arc::new(AtomicBool::new(true));
    let mut receiver = Receiver::failing_while(Arc::clone(&is_down)).await;
    app.subscribe(&receiver.url, &EVENTS).await;
    let mut cases = Vec::new();
    for minute in 0..15 {
        cases.push(app.create(&json!({"name": "new"})).await.id().to_owned());
        for (number, case) in cases.iter().enumerate() {
            // The first case has more than 70 deliveries.
            for _ in 0..if number == 0 { 5 } else { 1 } {
                app.rename_case(case, &format!("at {minute}")).await;
            }
        }
        advance(&app, 1).await;
        assert_consistent(&app).await;
    }
    let failed = receiver.received().len();
    is_down.store(false, Ordering::SeqCst);
    advance(&app, 40).await;
    let deliveries = app.count("SELECT count(*) FROM webhook_logs").await;
    assert_eq!(deliveries, 15 + 5 * 15 + 14 * 15 / 2);
    let deliveries = usize::try_from(deliveries).expect("a count");
    let received = receiver.wait_for(failed + deliveries).await;
    let received = received
        .get(failed..)
        .expect("the deliveries after the outage");
    assert_eq!(received.len(), deliveries);
    assert_ordered(received);
    app.wait_for_count(
        "SELECT count(*) FROM webhook_logs WHERE state <> 'delivered'",
        0,
    )
    .await;
    assert_consistent(&app).await;
}

#[tokio::test]
async fn a_failed_delivery_blocks_its_own_case_only() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::responding(|number| match number {
        0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    app.subscribe(&receiver.url, &EVENTS).await;
    let blocked = app.create(&json!({"name": "A"})).await.id().to_owned();
    receiver.wait_for(1).await;
    app.rename_case(&blocked, "A2").await;
    let other = app.create(&json!({"name": "B"})).await.id().to_owned();
    app.rename_case(&other, "B2").await;
    let received = receiver.wait_for(3).await;
    assert!(
        received[1..]
            .iter()
            .all(|it| it.body["case"]["id"] == other.as_str())
    );
    // Retrying a later delivery also retries those before it.
    let logs = app
        .get("/webhook-logs?sort=created_at.asc")
        .await
        .expect(200);
    let logs = logs.body["data"].as_array().expect("deliveries").clone();
    let last = logs
        .iter()
        .rfind(|it| it["case_id"] == blocked.as_str())
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

/// Repeats a race: the last delivery of a queue ends while the next one is inserted.
#[tokio::test]
async fn delivers_an_event_that_is_inserted_while_the_previous_delivery_ends() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.subscribe(&receiver.url, &EVENTS).await;
    let case = app.create(&json!({"name": "0"})).await.id().to_owned();
    for number in 1..=150 {
        app.rename_case(&case, &number.to_string()).await;
    }
    let received = receiver.wait_for(151).await;
    assert_ordered(&received);
    app.wait_for_count("SELECT count(*) FROM webhook_queues", 0)
        .await;
}

/// Both orders of a worker that ends the last delivery and a writer that adds one.
#[tokio::test]
async fn concurrent_writers_and_workers_lose_no_delivery() {
    const END: &str = "UPDATE webhook_logs SET state = 'delivered', leased_until = NULL
        WHERE state = 'pending'";
    let mut app = TestApp::start().await;
    app.stop_workers().await;
    app.subscribe("http://127.0.0.1:9/", &EVENTS).await;
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
        open.execute(AssertSqlSafe(first))
            .await
            .expect("the first statement");
        let waiting = tokio::spawn(async move {
            let result = connections.1.execute(AssertSqlSafe(second)).await;
            result.expect("the second statement");
        });
        app.wait_for_blocked(1).await;
        open.commit().await.expect("the commit");
        waiting.await.expect("no panic");
        assert_consistent(&app).await;
        let pending = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";
        assert_eq!(app.count(pending).await, 1);
        app.execute("DELETE FROM outbox").await;
        assert_eq!(app.count("SELECT count(*) FROM webhook_queues").await, 0);
    }
}

/// A server of the previous version leases deliveries without the queues, and releases them.
#[tokio::test]
async fn shares_deliveries_with_a_server_version_without_queues() {
    let mut app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.stop_workers().await;
    app.subscribe(&receiver.url, &EVENTS).await;
    let leased = app.create(&json!({"name": "A"})).await.id().to_owned();
    app.rename_case(&leased, "A2").await;
    app.execute(
        "UPDATE webhook_logs SET leased_until = now() + interval '1 hour' WHERE version = 1",
    )
    .await;
    app.create(&json!({"name": "B"})).await;
    app.start_workers();
    receiver.wait_for(1).await;
    app.wait_for_count(
        "SELECT count(*) FROM webhook_logs WHERE state = 'delivered'",
        1,
    )
    .await;
    assert_eq!(
        receiver.received().len(),
        1,
        "the leased delivery was taken"
    );
    // The delivery failed on the other server.
    app.execute(
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

/// Two workspaces have 64 hanging endpoints, and more deliveries than the server has slots.
#[tokio::test]
async fn hanging_endpoints_of_other_workspaces_leave_slots_for_a_healthy_one() {
    let app = TestApp::start().await;
    let mut hanging = Receiver::responding_async(|_| std::future::pending()).await;
    for key in ["dossier_one_key", "dossier_two_key"] {
        app.add_workspace(key).await;
        for _ in 0..32 {
            app.subscribe_as(key, &hanging.url, &EVENTS).await;
        }
        let cases = (0..20).map(|_| app.post_as(key, json!({"name": "A"}).to_string()));
        let cases: Vec<_> = futures_util::stream::iter(cases)
            .buffer_unordered(4)
            .collect()
            .await;
        assert!(cases.iter().all(|it| it.status == StatusCode::CREATED));
    }
    // The maximum number of concurrent deliveries of these workspaces.
    hanging.wait_for(150).await;
    let mut healthy = Receiver::start().await;
    app.subscribe(&healthy.url, &EVENTS).await;
    for _ in 0..10 {
        app.create(&json!({"name": "B"})).await;
    }
    healthy.wait_for(10).await;
    let ended = app.count("SELECT count(*) FROM webhook_log_attempts").await;
    assert!(
        ended < 1_000,
        "the healthy endpoint waited for {ended} other attempts"
    );
}

#[tokio::test]
async fn an_unreadable_delivery_does_not_affect_others() {
    let mut app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.stop_workers().await;
    app.subscribe(&receiver.url, &EVENTS).await;
    let case = app.create(&json!({"name": "A"})).await.id().to_owned();
    app.rename_case(&case, "A2").await;
    app.create(&json!({"name": "B"})).await;
    // A timestamp that PostgreSQL accepts and the server cannot represent.
    app.execute(
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
    let reason = "the stored event could not be read, so it was not sent";
    assert_eq!(failed, [("failed".to_owned(), 1, 0, reason.to_owned())]);
    app.wait_for_count("SELECT count(*) FROM webhook_queues", 0)
        .await;
}

/// A queue whose first delivery is locked must not block the other queues of its endpoint.
#[tokio::test]
async fn locked_queues_do_not_block_others() {
    let mut app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.stop_workers().await;
    app.subscribe(&receiver.url, &EVENTS).await;
    for _ in 0..8 {
        app.create(&json!({"name": "held"})).await;
    }
    let mut connection = app.connect().await;
    let mut transaction = connection.begin().await.expect("a transaction");
    let lock = transaction
        .execute("SELECT FROM webhook_logs FOR UPDATE")
        .await;
    lock.expect("the locks");
    // Queue rows with a `due_at` that is too early.
    app.create(&json!({"name": "stale"})).await;
    app.execute(
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
    transaction.rollback().await.expect("the locks are free");
    let received = receiver.wait_for(9).await;
    assert!(received.iter().all(|it| it.body["case"]["name"] != "stale"));
    app.wait_for_count("SELECT count(*) FROM webhook_queues", 1)
        .await;
    assert_consistent(&app).await;
}

/// Creates, renames, retries, deletions and status changes at the same time.
#[tokio::test]
async fn queues_stay_consistent_with_deliveries_under_concurrent_changes() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::responding(|number| match number % 7 {
        0 | 3 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let mut webhooks = Vec::new();
    for _ in 0..3 {
        webhooks.push(app.subscribe(&receiver.url, &EVENTS).await.id());
    }
    let operations = (0..24_usize).map(|number| {
        let (app, webhooks) = (&app, &webhooks);
        async move {
            let case = app.create(&json!({"name": "A"})).await.id().to_owned();
            for _ in 0..3 {
                app.rename_case(&case, "B").await;
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
            app.rename_case(&case, "C").await;
            if number % 3 == 0 {
                let path = format!("/cases/{case}");
                app.call(Method::DELETE, &path, &json!({}))
                    .await
                    .expect(204);
            }
        }
    });
    futures_util::stream::iter(operations)
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
    // Expired events, and the deliveries of a deleted webhook, leave their queues.
    app.execute("DELETE FROM outbox WHERE id::text LIKE '%a'")
        .await;
    assert_consistent(&app).await;
    app.start_workers();
    app.wait_for_count(
        "SELECT count(*) FROM webhook_queues AS q JOIN webhooks AS w ON w.id = q.webhook_id
         WHERE w.deleted_at IS NOT NULL",
        0,
    )
    .await;
    poll(async || {
        advance(&app, 9 * 60).await;
        match app.count("SELECT count(*) FROM webhook_queues").await {
            0 => Ok(()),
            queues => Err(format!("{queues} queues are left")),
        }
    })
    .await;
    let pending = "SELECT count(*) FROM webhook_logs WHERE state = 'pending'";
    assert_eq!(app.count(pending).await, 0);
}

/// Returns the rows that each scan of a statement has read.
async fn rows_read(
    connection: &mut PgConnection,
    sql: &str,
    parameters: &str,
) -> Vec<(String, f64)> {
    let prepare = format!("PREPARE query AS {sql}");
    connection.execute(AssertSqlSafe(prepare)).await.expect(sql);
    let explain =
        format!("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE query ({parameters})");
    let row = connection
        .fetch_one(AssertSqlSafe(explain))
        .await
        .expect("a plan");
    connection
        .execute("DEALLOCATE query")
        .await
        .expect("the deallocation");
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
async fn a_claim_reads_only_the_deliveries_that_it_takes() {
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
    // Also without table statistics.
    for analyse in ["SELECT 1", "ANALYZE"] {
        connection.execute(analyse).await.expect("the statistics");
        let waiting = include_str!("../../src/webhooks/delivery/due_endpoints.sql");
        let read = rows_read(&mut connection, waiting, "now()").await;
        assert!(read.iter().all(|(_, rows)| *rows <= 4_100.0), "{read:?}");
        let claim = include_str!("../../src/webhooks/delivery/claim.sql");
        let arrays =
            "SELECT format('%L, %L, %L, now(), now()', array_agg(workspace_id ORDER BY id),
            array_agg(id ORDER BY id), array_agg(4))
            FROM (SELECT * FROM webhooks ORDER BY workspace_id, id LIMIT 64) AS w";
        let share: String = connection.fetch_one(arrays).await.expect("a share").get(0);
        let mut open = connection.begin().await.expect("a transaction");
        let read = rows_read(&mut open, claim, &share).await;
        assert!(read.iter().all(|(_, rows)| *rows <= 300.0), "{read:?}");
        // Ending a delivery must look up only the next one of its queue, even if the average endpoint has one
        // delivery.
        let read = "SELECT (idx_tup_fetch + seq_tup_read)::bigint FROM pg_stat_xact_user_tables
            WHERE relname = 'webhook_logs'";
        let before: i64 = open.fetch_one(read).await.expect("a count").get(0);
        let refresh = "SELECT count(refresh_webhook_queue(workspace_id, webhook_id, case_id)::text)
            FROM (SELECT * FROM queues ORDER BY deliveries DESC LIMIT 20) AS q";
        open.execute(refresh).await.expect("the queues");
        let after: i64 = open.fetch_one(read).await.expect("a count").get(0);
        assert!(after - before <= 100, "{}", after - before);
        open.rollback().await.expect("the rollback");
    }
}
