//! A database that rejects writes for a while, for example during a failover.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dossier::db::{DatabaseError, Session};
use dossier::workspaces::FIXED_KEY;
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::support::{
    Instance, KEY, Process, TestApp, TestResponse, TestSettings, client, deadline, execute, poll,
};

/// Makes every new session of the test database read-only and ends the sessions of the server. An open
/// session keeps its setting, as it would stay connected to the same server during a failover.
async fn forbid_writes(connection: &mut PgConnection) {
    execute(
        connection,
        "DO $$ BEGIN
             EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
         END $$;
         SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
}

/// Allows writes in new sessions. Sessions that the server opened in between stay read-only.
async fn allow_writes(connection: &mut PgConnection) {
    execute(
        connection,
        "DO $$ BEGIN
             EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database());
         END $$",
    )
    .await;
}

#[track_caller]
fn assert_read_only(response: TestResponse) {
    let response = response.expect(503);
    assert_eq!(
        response.body["type"], "/problems/read-only",
        "{}",
        response.body
    );
    assert_eq!(response.headers["retry-after"], "1");
}

/// Sends one write of each kind: a case whose references are cached, one whose references are not, a change,
/// a tag, and a batch.
async fn writes(app: &TestApp, case_id: &str, round: &str) -> Vec<TestResponse> {
    let batch = json!({"cases": [{"name": "In a batch"}]});
    let case = format!("/cases/{case_id}");
    vec![
        app.call(Method::POST, "/cases", &json!({"name": "Acme"}))
            .await,
        app.call(
            Method::POST,
            "/cases",
            &json!({"name": "Acme", "tags": ["VIP"]}),
        )
        .await,
        app.call(
            Method::PATCH,
            &case,
            &json!({"name": format!("Changed {round}")}),
        )
        .await,
        app.call(
            Method::POST,
            "/tags",
            &json!({"label": format!("Label {round}")}),
        )
        .await,
        app.call(Method::POST, "/cases/batch", &batch).await,
    ]
}

#[tokio::test]
async fn returns_read_only_while_no_session_can_write() {
    let app = TestApp::start().await;
    let mut outside = app.connect().await;
    let id = app.create(&json!({"name": "Acme"})).await.id();
    forbid_writes(&mut outside).await;
    assert_read_only(app.get("/readyz").await);
    app.get("/healthz").await.expect(200);
    for response in writes(&app, &id, "first").await {
        if response.status == 200 {
            // A batch has a result for each item.
            let result = &response.body["results"][0];
            assert_eq!(result["type"], "/problems/read-only", "{result}");
        } else {
            assert_read_only(response);
        }
    }
    app.get(&format!("/cases/{id}")).await.expect(200);
}

#[tokio::test]
async fn writes_succeed_as_soon_as_new_sessions_can_write() {
    let app = TestApp::start().await;
    let mut outside = app.connect().await;
    let id = app.create(&json!({"name": "Acme"})).await.id();
    forbid_writes(&mut outside).await;
    // Opens several sessions that can never write, all used within the last milliseconds.
    let reads = (0..8).map(|_| app.get("/cases"));
    for read in futures_util::future::join_all(reads).await {
        read.expect(200);
    }
    for response in writes(&app, &id, "first").await {
        assert!(
            [200, 503].contains(&response.status.as_u16()),
            "{}",
            response.body
        );
    }
    allow_writes(&mut outside).await;
    let at_once = (0..8).map(|_| app.post(r#"{"name": "Again"}"#));
    for response in futures_util::future::join_all(at_once).await {
        response.expect(201);
    }
    for response in writes(&app, &id, "second").await {
        assert!(
            response.status.is_success(),
            "{} {}",
            response.status,
            response.body
        );
    }
    app.get("/readyz").await.expect(200);
}

/// Makes a pooled connection read-only after it was tested.
async fn make_connection_read_only(app: &TestApp) {
    let make = async move |mut session: Session| {
        let make = session.write(|connection| {
            Box::pin(async move {
                let make = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
                sqlx::raw_sql(make).execute(connection).await
            })
        });
        make.await.map(drop)
    };
    let result: Result<(), DatabaseError> = app.database.unit(deadline(), make).await;
    result.expect("a session");
}

#[tokio::test]
async fn repeats_a_read_only_write_on_a_new_connection() {
    let app = TestApp::start_with(TestSettings {
        pool_size: 1,
        ..TestSettings::default()
    });
    let app = app.await;
    let id = app.create(&json!({"name": "Acme"})).await.id();
    let case = format!("/cases/{id}");
    for (method, path, body) in [
        // The references are cached in the first case and not in the second.
        (Method::POST, "/cases", json!({"name": "Acme"})),
        (
            Method::POST,
            "/cases",
            json!({"name": "Acme", "tags": ["VIP"]}),
        ),
        (
            Method::POST,
            "/cases/batch",
            json!({"cases": [{"name": "Acme"}]}),
        ),
        (Method::PATCH, &*case, json!({"name": "Changed"})),
        (Method::POST, "/tags", json!({"label": "Another"})),
        (Method::GET, "/readyz", Value::Null),
        (Method::DELETE, &*case, Value::Null),
    ] {
        make_connection_read_only(&app).await;
        let response = match body {
            Value::Null => {
                app.send(app.request(method, path).bearer_auth(FIXED_KEY))
                    .await
            }
            body => app.call(method, path, &body).await,
        };
        assert!(response.status.is_success(), "{path}: {}", response.body);
        if let Some(results) = response.body.get("results") {
            assert_eq!(results[0]["status"], 201, "{results}");
        }
    }
}

#[tokio::test]
async fn repeats_a_transaction_once_if_its_connection_ends_before_the_commit() {
    let app = TestApp::start().await;
    for (lost, succeeds) in [(1, true), (2, false)] {
        let attempts = Arc::new(AtomicUsize::new(0));
        let work = app.database.transaction(
            deadline(),
            Arc::clone(&attempts),
            move |connection, attempts| {
                Box::pin(async move {
                    if attempts.fetch_add(1, Ordering::SeqCst) < lost {
                        let end = "SELECT pg_terminate_backend(pg_backend_pid())";
                        sqlx::raw_sql(end).execute(connection).await?;
                    }
                    Ok::<(), DatabaseError>(())
                })
            },
        );
        assert_eq!(work.await.is_ok(), succeeds);
        assert_eq!(attempts.load(Ordering::SeqCst), 2);
    }
}

/// Sends a request to a server process.
async fn send(process: &Process, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = client().request(method, format!("http://{}{path}", process.address));
    let mut request = request.bearer_auth(KEY);
    if !body.is_null() {
        request = request.json(body);
    }
    let response = request.send().await.expect("a response");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or_default())
}

async fn create(process: &Process) -> u16 {
    let case = json!({"name": "Acme"});
    send(process, Method::POST, "/cases", &case).await.0
}

async fn readiness(process: &Process) -> (u16, String) {
    let (status, body) = send(process, Method::GET, "/readyz", &Value::Null).await;
    let kind = body["type"].as_str().or(body["status"].as_str());
    (status, kind.unwrap_or_default().to_owned())
}

/// Waits until `/readyz` returns this status and type.
async fn wait_for_readiness(process: &Process, status: u16, kind: &str) {
    let expected = (status, kind.to_owned());
    poll(async || {
        let found = readiness(process).await;
        if found == expected {
            Ok(())
        } else {
            Err(found)
        }
    })
    .await;
}

/// Starts a listener that accepts connections and never responds, like a hanging host.
async fn start_silent_host() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    port
}

/// Builds a URL with several hosts.
fn url_of(ports: &[u16], target: &str) -> String {
    let hosts: Vec<_> = ports
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    let hosts = hosts.join(",");
    format!("postgres://postgres@{hosts}/postgres?sslmode=disable{target}")
}

const READ_WRITE: &str = "&target_session_attrs=read-write";

#[tokio::test(flavor = "multi_thread")]
async fn skips_hosts_that_are_down_or_silent_or_read_only() {
    let primary = Instance::primary();
    let standby = primary.standby();
    let ports = [1, start_silent_host().await, standby.port(), primary.port()];
    for target in [
        READ_WRITE,
        "&target_session_attrs=primary",
        "&target_session_attrs=any",
        "",
    ] {
        let process = Process::start_at(&url_of(&ports, target), &[]).await;
        for _ in 0..3 {
            assert_eq!(create(&process).await, 201, "{target}");
        }
        assert_eq!(
            readiness(&process).await,
            (200, "ready".to_owned()),
            "{target}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_the_promotion_of_a_standby_without_a_restart() {
    let primary = Instance::primary();
    let standby = primary.standby();
    let url = url_of(&[primary.port(), standby.port()], READ_WRITE);
    let process = Process::start_at(&url, &[]).await;
    assert_eq!(create(&process).await, 201);
    primary.kill();
    wait_for_readiness(&process, 503, "/problems/read-only").await;
    let (status, body) = send(&process, Method::POST, "/cases", &json!({"name": "Acme"})).await;
    assert_eq!(
        (status, &body["type"]),
        (503, &json!("/problems/read-only"))
    );
    execute(&mut standby.connect().await, "SELECT pg_promote()").await;
    wait_for_readiness(&process, 200, "ready").await;
    assert_eq!(create(&process).await, 201);
}

/// The host hangs instead of refusing connections, and idle connections to it do not end.
#[tokio::test(flavor = "multi_thread")]
async fn abandons_a_hanging_host() {
    let primary = Instance::primary();
    let standby = primary.standby();
    let url = url_of(&[primary.port(), standby.port()], READ_WRITE);
    let process = Process::start_at(&url, &[]).await;
    let at_once = (0..8).map(|_| create(&process));
    assert_eq!(futures_util::future::join_all(at_once).await, [201; 8]);
    primary.freeze();
    wait_for_readiness(&process, 503, "/problems/read-only").await;
    execute(&mut standby.connect().await, "SELECT pg_promote()").await;
    wait_for_readiness(&process, 200, "ready").await;
    let at_once = (0..8).map(|_| create(&process));
    assert_eq!(futures_util::future::join_all(at_once).await, [201; 8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_at_startup_for_a_database_in_recovery() {
    let primary = Instance::primary();
    let recovering = primary.standby();
    recovering.stop();
    // It accepts no sessions before its promotion.
    recovering.start_until_port_is_open("-c hot_standby=off");
    let mut process = Process::spawn(&recovering.url(), &[]);
    process
        .wait_for_log("it is starting up or recovering")
        .await;
    assert!(process.is_running());
    recovering.promote();
    process.wait_until_listening().await;
    assert_eq!(create(&process).await, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_at_startup_for_the_promotion_of_a_standby() {
    let primary = Instance::primary();
    let standby = primary.standby();
    for (migrate, target) in [("on", ""), ("off", ""), ("on", READ_WRITE)] {
        let url = url_of(&[standby.port()], target);
        let mut process = Process::spawn(&url, &[("DOSSIER_MIGRATE", migrate)]);
        process.wait_for_log("it is read-only").await;
        process.signal(Signal::SIGTERM);
        assert!(
            process.wait_for_exit().await.success(),
            "a waiting server exits cleanly"
        );
    }
    let mut process = Process::spawn(&standby.url(), &[]);
    process.wait_for_log("it is read-only").await;
    standby.promote();
    process.wait_until_listening().await;
    assert_eq!(create(&process).await, 201);
}
