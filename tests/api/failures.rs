//! A frozen or stopped database, panics, and slow clients.

use std::time::{Duration, Instant};

use dossier::db::Timeouts;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{LONG, TestApp, TestSettings, deadline, limits};

const BODY: &str = "{\"name\": \"A\"}";

#[tokio::test]
async fn returns_503_while_the_database_is_frozen_and_recovers() {
    let app = TestApp::start_on_own_cluster().await;
    app.create_with_retries(&json!({"name": "A"})).await;
    app.signal_postgres(Signal::SIGSTOP);
    // The postmaster starts no more processes now: this signals all of them.
    app.signal_postgres(Signal::SIGSTOP);
    // A connection that was used less than 20 ms ago is not tested, and a write on it would have an unknown outcome.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let response = app.post(BODY).await;
    app.signal_postgres(Signal::SIGCONT);
    let response = response.expect(503);
    assert_eq!(response.headers["retry-after"], "1");
    assert_eq!(response.body["code"], "SERVICE_UNAVAILABLE");
    app.create_with_retries(&json!({"name": "A"})).await;
}

/// The tests below do not measure how soon a request fails; these timeouts determine it.
#[test]
fn default_database_timeouts_are_below_one_second() {
    let Timeouts {
        connection, read, ..
    } = Timeouts::default();
    assert!(connection < read && read < Duration::from_secs(1));
}

#[tokio::test]
async fn returns_503_while_the_database_is_down() {
    let mut app = TestApp::start_on_own_cluster().await;
    app.create_with_retries(&json!({"name": "A"})).await;
    app.stop_cluster();
    for (path, status) in [("/readyz", 503), ("/cases/x", 503), ("/healthz", 200)] {
        app.get(path).await.expect(status);
    }
    // Also for an invalid body: without the database the list of errors would be incomplete.
    app.post("{\"name\": 1}").await.expect(503);
}

#[tokio::test]
async fn reconnects_after_a_database_restart() {
    let mut app = TestApp::start_on_own_cluster().await;
    // Several connections are open and are lost.
    let body = json!({"name": "A"});
    futures_util::future::join_all((0..8).map(|_| app.create_with_retries(&body))).await;
    app.stop_cluster();
    app.start_cluster().await;
    futures_util::future::join_all((0..4).map(|_| app.create_with_retries(&body))).await;
}

#[tokio::test]
async fn statement_timeout_means_that_nothing_was_stored() {
    use dossier::db::{DatabaseError, Session};
    let app = TestApp::start().await;
    let slow = async move |mut session: Session| {
        session
            .write(|connection| {
                Box::pin(async move {
                    let limit = sqlx::query("SET statement_timeout = '20ms'");
                    limit.execute(&mut *connection).await?;
                    sqlx::query("SELECT pg_sleep(5)")
                        .execute(connection)
                        .await
                        .map(drop)
                })
            })
            .await
    };
    let written: Result<(), DatabaseError> = app.database.unit(deadline(), slow).await;
    assert!(
        matches!(written, Err(DatabaseError::TimedOut(Some(_)))),
        "{written:?}"
    );
}

#[tokio::test]
async fn returns_503_while_the_pool_is_exhausted_and_recovers() {
    let app = TestApp::start_with(TestSettings {
        pool_size: 1,
        timeouts: Timeouts::default(),
        ..TestSettings::default()
    })
    .await;
    app.create_with_retries(&json!({"name": "A"})).await;
    let (holder, release) = loop {
        let (held, is_held) = tokio::sync::oneshot::channel();
        let (release, is_released) = tokio::sync::oneshot::channel::<()>();
        let database = app.database.clone();
        let holder = tokio::spawn(async move {
            let hold = async move |_session: dossier::db::Session| {
                let _ = held.send(());
                let _ = is_released.await;
                Ok::<(), dossier::db::DatabaseError>(())
            };
            database.unit(deadline(), hold).await
        });
        // A busy machine can exceed the connection timeout.
        if is_held.await.is_ok() {
            break (holder, release);
        }
    };
    let response = app.post(BODY).await.expect(503);
    assert_eq!(response.body["type"], "/problems/overloaded");
    assert_eq!(response.headers["retry-after"], "1");
    release.send(()).expect("the connection is held");
    holder.await.expect("no panic").expect("no error");
    app.create_with_retries(&json!({"name": "A"})).await;
}

#[tokio::test]
async fn returns_a_problem_document_after_a_panic_and_continues() {
    use axum::Router;
    use axum::routing::get;
    let panics = async || -> &'static str { panic!("a secret that no response may show") };
    let app = TestApp::start_with(TestSettings {
        extra: Router::new().route("/panic", get(panics)),
        ..TestSettings::default()
    })
    .await;
    let response = app.get("/panic").await.expect(500);
    assert_eq!(response.headers["content-type"], "application/problem+json");
    assert_eq!(response.body["type"], "/problems/internal-error");
    assert!(
        !response.body.to_string().contains("secret"),
        "{}",
        response.body
    );
    app.post(BODY).await.expect(201);
}

#[tokio::test]
async fn returns_408_for_an_incomplete_body() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::start_with_limits(dossier::http::Limits {
        request: Duration::from_millis(300),
        ..limits()
    })
    .await;
    let head = format!(
        "POST /cases HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{{",
        dossier::workspaces::FIXED_KEY
    );
    let post = async || {
        let stream = tokio::net::TcpStream::connect(app.address()).await;
        let mut stream = stream.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut response = String::new();
        let read = tokio::time::timeout(LONG, stream.read_to_string(&mut response));
        read.await.expect("a response").expect("the whole response");
        response
    };
    let started = Instant::now();
    let mut response = post().await;
    // A busy machine can use up the deadline before the API key is checked.
    while response.starts_with("HTTP/1.1 503 ") && started.elapsed() < LONG {
        response = post().await;
    }
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert!(response.contains("/problems/request-timeout"), "{response}");
}

/// If a connection with an open transaction returned to the pool, the next write would be lost.
#[tokio::test]
async fn panic_in_a_transaction_does_not_affect_later_writes() {
    use dossier::db::DatabaseError;
    use sqlx::{Executor, Row};
    let app = TestApp::start_with(TestSettings {
        pool_size: 1,
        ..TestSettings::default()
    })
    .await;
    let panicked: Result<(), DatabaseError> = app
        .database
        .transaction(deadline(), (), |connection, _| {
            Box::pin(async move {
                connection.execute("SELECT 1").await?;
                panic!("in the middle of a transaction")
            })
        })
        .await;
    assert!(
        matches!(panicked, Err(DatabaseError::Ended(_))),
        "{panicked:?}"
    );
    let created = app.post(BODY).await.expect(201);
    let mut other = app.connect().await;
    let stored = sqlx::query("SELECT count(*) FROM cases WHERE id::text = $1").bind(created.id());
    let stored: i64 = stored.fetch_one(&mut other).await.expect("a count").get(0);
    assert_eq!(stored, 1, "the acknowledged case is stored");
}

#[tokio::test]
async fn closes_connections_that_send_no_complete_request() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::start_with_limits(dossier::http::Limits {
        request: Duration::from_millis(300),
        ..limits()
    })
    .await;
    for sent in ["", "PRI", "GET /ping HTTP/1.1\r\nhost: x\r\n"] {
        let stream = tokio::net::TcpStream::connect(app.address()).await;
        let mut stream = stream.expect("a connection");
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(LONG, stream.read_to_end(&mut rest));
        // The connection is closed, cleanly or not.
        let _ = closed
            .await
            .unwrap_or_else(|_| panic!("{sent:?} keeps the connection open"));
    }
}

#[tokio::test]
async fn repeats_a_transaction_after_a_deadlock() {
    use dossier::db::DatabaseError;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let app = TestApp::start().await;
    let first = app.post(BODY).await.expect(201).id();
    let second = app.post(BODY).await.expect(201).id();
    let both_hold_one = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let attempts = std::sync::Arc::new(AtomicUsize::new(0));
    let lock_both = |ids: [String; 2]| {
        let input = (ids, both_hold_one.clone(), attempts.clone());
        app.database
            .transaction(deadline(), input, |connection, input| {
                Box::pin(async move {
                    let (ids, barrier, attempts) = &*input;
                    let lock = "SELECT id FROM cases WHERE id::text = $1 FOR UPDATE";
                    sqlx::query(lock)
                        .bind(&ids[0])
                        .execute(&mut *connection)
                        .await?;
                    if attempts.fetch_add(1, Ordering::SeqCst) < 2 {
                        barrier.wait().await;
                    }
                    sqlx::query(lock)
                        .bind(&ids[1])
                        .execute(&mut *connection)
                        .await?;
                    Ok::<(), DatabaseError>(())
                })
            })
    };
    let one = lock_both([first.clone(), second.clone()]);
    let other = lock_both([second, first]);
    let (one, other) = tokio::join!(one, other);
    one.expect("the first transaction");
    other.expect("the second transaction");
    // The second attempt can meet a deadlock as well.
    assert!(
        attempts.load(Ordering::SeqCst) > 2,
        "one transaction was repeated"
    );
}

/// A database error can quote a row. [`crate::support`] fails a test whose logs contain personal data.
#[tokio::test]
async fn database_errors_are_not_logged_in_full() {
    let app = TestApp::start().await;
    let trap = "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'Ge%', 'heim ' || NEW.name; END $$;
        CREATE TRIGGER trap BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION trap()";
    app.execute(trap).await;
    let response = app.post(BODY).await.expect(500);
    assert!(
        !response.body.to_string().contains("Geheim"),
        "{}",
        response.body
    );
}

#[tokio::test]
async fn postgres_logs_conflicts_without_values() {
    let app = TestApp::start_on_own_cluster().await;
    let insert = "INSERT INTO tags (workspace_id, id, label, folded_label)
        SELECT id, gen_random_uuid(), 'Twice', 'twice' FROM workspaces";
    app.execute(insert).await;
    let mut connection = app.connect().await;
    let again = sqlx::raw_sql(insert).execute(&mut connection).await;
    let conflict = again.expect_err("a conflict").to_string();
    assert!(conflict.contains("tags_folded_label_key"), "{conflict}");
    let log = app.postgres_log();
    assert!(log.contains("tags_folded_label_key"), "{log}");
    assert!(!log.contains("Key (") && !log.contains("=("), "{log}");
}
