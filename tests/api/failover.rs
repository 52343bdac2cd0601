//! A database that takes no writes for a while, as during a failover.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dossier::db::{DatabaseError, Session};
use dossier::workspaces::FIXED_KEY;
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::support::{
    Instance, KEY, Process, TestApp, TestResponse, TestSettings, client, deadline,
};

/// More than anything that is waited for takes.
const PATIENCE: Duration = Duration::from_secs(60);

async fn run(connection: &mut PgConnection, statement: &'static str) {
    let done = sqlx::raw_sql(statement).execute(connection).await;
    done.expect("the statement");
}

/// Every new session of the test's database is read-only from now on, and the sessions of the server
/// are replaced. A session keeps the setting with which it began, as one keeps the server that its address
/// led to when it began.
async fn forbid_writes(connection: &mut PgConnection) {
    run(
        connection,
        "DO $$ BEGIN
             EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
         END $$;
         SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
}

/// New sessions can write again; those that the server has opened meanwhile never can.
async fn allow_writes(connection: &mut PgConnection) {
    run(
        connection,
        "DO $$ BEGIN
             EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database());
         END $$",
    )
    .await;
}

#[track_caller]
fn is_read_only(response: TestResponse) {
    let response = response.expect(503);
    assert_eq!(
        response.body["type"], "/problems/read-only",
        "{}",
        response.body
    );
    assert_eq!(response.headers["retry-after"], "1");
}

/// One write of each kind: a case whose references are cached, one whose are not, a batch, a change, and a
/// row of the workspace.
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
async fn says_read_only_while_no_session_can_write() {
    let app = TestApp::start().await;
    let mut outside = app.connect().await;
    let id = app.create(&json!({"name": "Acme"})).await.id();
    forbid_writes(&mut outside).await;
    is_read_only(app.get("/readyz").await);
    app.get("/healthz").await.expect(200);
    for response in writes(&app, &id, "first").await {
        if response.status == 200 {
            // A batch has a result for each item.
            let result = &response.body["results"][0];
            assert_eq!(result["type"], "/problems/read-only", "{result}");
        } else {
            is_read_only(response);
        }
    }
    app.get(&format!("/cases/{id}")).await.expect(200);
}

#[tokio::test]
async fn writes_again_at_once_when_new_sessions_can_write() {
    let app = TestApp::start().await;
    let mut outside = app.connect().await;
    let id = app.create(&json!({"name": "Acme"})).await.id();
    forbid_writes(&mut outside).await;
    // Several sessions that can never write are open at once, and used within the last milliseconds.
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

/// A connection that could write when it was tested, and cannot any more.
async fn turn_read_only(app: &TestApp) {
    let turn = async move |mut session: Session| {
        let turn = session.write(|connection| {
            Box::pin(async move {
                let turn = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
                sqlx::raw_sql(turn).execute(connection).await
            })
        });
        turn.await.map(drop)
    };
    let turned: Result<(), DatabaseError> = app.database.unit(deadline(), turn).await;
    turned.expect("a session");
}

#[tokio::test]
async fn a_write_that_is_refused_as_read_only_is_done_on_a_new_connection() {
    let app = TestApp::start_with(TestSettings {
        pool_size: 1,
        ..TestSettings::default()
    });
    let app = app.await;
    let id = app.create(&json!({"name": "Acme"})).await.id();
    let case = format!("/cases/{id}");
    for (method, path, body) in [
        // The references are cached, and then they are not.
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
        turn_read_only(&app).await;
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
async fn a_transaction_whose_connection_ends_before_its_commit_is_repeated_once() {
    let app = TestApp::start().await;
    for (lost, is_done) in [(1, true), (2, false)] {
        let tries = Arc::new(AtomicUsize::new(0));
        let work =
            app.database
                .transaction(deadline(), Arc::clone(&tries), move |connection, tries| {
                    Box::pin(async move {
                        if tries.fetch_add(1, Ordering::SeqCst) < lost {
                            let end = "SELECT pg_terminate_backend(pg_backend_pid())";
                            sqlx::raw_sql(end).execute(connection).await?;
                        }
                        Ok::<(), DatabaseError>(())
                    })
                });
        assert_eq!(work.await.is_ok(), is_done);
        assert_eq!(tries.load(Ordering::SeqCst), 2);
    }
}

/// Sends one request to a server that runs as a process; the answer.
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

/// Waits until the server says so at `/readyz`.
async fn says(process: &Process, status: u16, kind: &str) {
    let expected = (status, kind.to_owned());
    let mut said = readiness(process).await;
    let begun = Instant::now();
    while said != expected {
        assert!(begun.elapsed() < PATIENCE, "{said:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
        said = readiness(process).await;
    }
}

/// A listener that takes connections and never says anything, as a host that hangs.
async fn silent() -> u16 {
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

/// Several hosts in one URL.
fn hosts(ports: &[u16], target: &str) -> String {
    let hosts: Vec<_> = ports
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    let hosts = hosts.join(",");
    format!("postgres://postgres@{hosts}/postgres?sslmode=disable{target}")
}

const READ_WRITE: &str = "&target_session_attrs=read-write";

#[tokio::test(flavor = "multi_thread")]
async fn passes_over_hosts_that_are_dead_or_silent_or_cannot_write() {
    let primary = Instance::primary();
    let standby = primary.standby();
    let ports = [1, silent().await, standby.port(), primary.port()];
    for target in [
        READ_WRITE,
        "&target_session_attrs=primary",
        "&target_session_attrs=any",
        "",
    ] {
        let process = Process::start_at(&hosts(&ports, target), &[]).await;
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
    let url = hosts(&[primary.port(), standby.port()], READ_WRITE);
    let process = Process::start_at(&url, &[]).await;
    assert_eq!(create(&process).await, 201);
    primary.kill();
    says(&process, 503, "/problems/read-only").await;
    let (status, body) = send(&process, Method::POST, "/cases", &json!({"name": "Acme"})).await;
    assert_eq!(
        (status, &body["type"]),
        (503, &json!("/problems/read-only"))
    );
    run(&mut standby.connect().await, "SELECT pg_promote()").await;
    says(&process, 200, "ready").await;
    assert_eq!(create(&process).await, 201);
}

/// The host hangs instead of refusing, and idle connections to it do not end.
#[tokio::test(flavor = "multi_thread")]
async fn leaves_a_host_that_hangs() {
    let primary = Instance::primary();
    let standby = primary.standby();
    let url = hosts(&[primary.port(), standby.port()], READ_WRITE);
    let process = Process::start_at(&url, &[]).await;
    let at_once = (0..8).map(|_| create(&process));
    assert_eq!(futures_util::future::join_all(at_once).await, [201; 8]);
    primary.freeze();
    says(&process, 503, "/problems/read-only").await;
    run(&mut standby.connect().await, "SELECT pg_promote()").await;
    says(&process, 200, "ready").await;
    let at_once = (0..8).map(|_| create(&process));
    assert_eq!(futures_util::future::join_all(at_once).await, [201; 8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_at_its_start_for_a_database_that_recovers() {
    let primary = Instance::primary();
    let recovering = primary.standby();
    recovering.stop();
    // It takes no sessions before its promotion.
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
async fn waits_at_its_start_for_a_standby_to_be_promoted() {
    let primary = Instance::primary();
    let standby = primary.standby();
    for (migrate, target) in [("on", ""), ("off", ""), ("on", READ_WRITE)] {
        let url = hosts(&[standby.port()], target);
        let mut process = Process::spawn(&url, &[("DOSSIER_MIGRATE", migrate)]);
        process.wait_for_log("it is read-only").await;
        process.signal(Signal::SIGTERM);
        assert!(
            process.wait_for_exit().await.success(),
            "a server that waits is stopped in order"
        );
    }
    let mut process = Process::spawn(&standby.url(), &[]);
    process.wait_for_log("it is read-only").await;
    standby.promote();
    process.wait_until_listening().await;
    assert_eq!(create(&process).await, 201);
}
