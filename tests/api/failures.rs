//! A database that is frozen or gone.

use std::time::{Duration, Instant};

use dossier::db::Timeouts;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::{LONG, TestApp, TestSettings, deadline, limits};

const BODY: &str = "{\"name\": \"A\"}";

#[tokio::test]
async fn a_frozen_database_is_a_503_while_it_is_frozen_and_service_again_when_it_thaws() {
    let app = TestApp::start_on_own_cluster().await;
    app.create_with_retries(&json!({"name": "A"})).await;
    let signal = |signal: Signal| {
        for pid in app.postgres_pids() {
            kill(Pid::from_raw(pid), signal).expect("a signal");
        }
    };
    signal(Signal::SIGSTOP);
    // The postmaster makes no more of them now: these are all.
    signal(Signal::SIGSTOP);
    // A connection that was in use a moment ago is trusted, and its write then has no answer.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let response = app.post(BODY).await;
    signal(Signal::SIGCONT);
    let response = response.expect(503);
    assert_eq!(response.headers["retry-after"], "1");
    assert_eq!(response.body["code"], "SERVICE_UNAVAILABLE");
    app.create_with_retries(&json!({"name": "A"})).await;
}

/// What the tests of this file see ends long before the request's own deadline; how soon is a matter of these.
#[test]
fn a_request_waits_for_a_database_that_does_not_answer_for_less_than_a_second() {
    let Timeouts {
        connection, read, ..
    } = Timeouts::default();
    assert!(connection < read && read < Duration::from_secs(1));
}

#[tokio::test]
async fn a_database_that_is_gone_is_a_503() {
    let mut app = TestApp::start_on_own_cluster().await;
    app.create_with_retries(&json!({"name": "A"})).await;
    app.stop_cluster();
    for (path, status) in [("/readyz", 503), ("/cases/x", 503), ("/healthz", 200)] {
        app.get(path).await.expect(status);
    }
    // Also where the shape is wrong: what the references would add cannot be known.
    app.post("{\"name\": 1}").await.expect(503);
}

#[tokio::test]
async fn a_restarted_database_is_used_again() {
    let mut app = TestApp::start_on_own_cluster().await;
    // Several connections are open, and all of them are lost.
    let body = json!({"name": "A"});
    futures_util::future::join_all((0..8).map(|_| app.create_with_retries(&body))).await;
    app.stop_cluster();
    app.start_cluster().await;
    futures_util::future::join_all((0..4).map(|_| app.create_with_retries(&body))).await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_known_to_have_stored_nothing() {
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
async fn an_exhausted_pool_is_a_503_and_service_again_when_it_is_not() {
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
        // A machine that is busy may take too long to give it.
        if is_held.await.is_ok() {
            break (holder, release);
        }
    };
    let response = app.post(BODY).await.expect(503);
    assert_eq!(response.body["type"], "/problems/overloaded");
    assert_eq!(response.headers["retry-after"], "1");
    release.send(()).expect("the holder waits");
    holder.await.expect("it ends").expect("it ends well");
    app.create_with_retries(&json!({"name": "A"})).await;
}

#[tokio::test]
async fn a_panic_is_a_problem_document_and_the_server_goes_on() {
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
async fn a_body_that_never_ends_is_a_408() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::start_with(TestSettings {
        limits: dossier::http::Limits {
            request: Duration::from_millis(300),
            ..limits()
        },
        ..TestSettings::default()
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
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        let mut response = String::new();
        let read = tokio::time::timeout(LONG, stream.read_to_string(&mut response));
        read.await.expect("a response").expect("in order");
        response
    };
    let begun = Instant::now();
    let mut response = post().await;
    // A machine that is busy may have no time left for the look at the key: the same again.
    while response.starts_with("HTTP/1.1 503 ") && begun.elapsed() < LONG {
        response = post().await;
    }
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert!(response.contains("/problems/request-timeout"), "{response}");
}

/// A connection with an open transaction that went back to the pool would swallow the next write.
#[tokio::test]
async fn a_panic_inside_a_transaction_loses_nobody_elses_row() {
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
    let seen = sqlx::query("SELECT count(*) FROM cases WHERE id::text = $1").bind(created.id());
    let seen: i64 = seen.fetch_one(&mut other).await.expect("a count").get(0);
    assert_eq!(seen, 1, "what was acknowledged is there");
}

#[tokio::test]
async fn a_client_that_says_nothing_is_not_waited_for() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::start_with(TestSettings {
        limits: dossier::http::Limits {
            request: Duration::from_millis(300),
            ..limits()
        },
        ..TestSettings::default()
    })
    .await;
    for said in ["", "PRI", "GET /ping HTTP/1.1\r\nhost: x\r\n"] {
        let stream = tokio::net::TcpStream::connect(app.address()).await;
        let mut stream = stream.expect("a connection");
        stream.write_all(said.as_bytes()).await.expect("it is sent");
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(LONG, stream.read_to_end(&mut rest));
        // Closed in order or cut: but closed.
        let _ = closed
            .await
            .unwrap_or_else(|_| panic!("{said:?} is waited for"));
    }
}

#[tokio::test]
async fn a_deadlock_is_another_try_and_no_answer() {
    use dossier::db::DatabaseError;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let app = TestApp::start().await;
    let first = app.post(BODY).await.expect(201).id();
    let second = app.post(BODY).await.expect(201).id();
    let both_hold_one = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let tries = std::sync::Arc::new(AtomicUsize::new(0));
    let lock_both = |ids: [String; 2]| {
        let input = (ids, both_hold_one.clone(), tries.clone());
        app.database
            .transaction(deadline(), input, |connection, input| {
                Box::pin(async move {
                    let (ids, barrier, tries) = &*input;
                    let lock = "SELECT id FROM cases WHERE id::text = $1 FOR UPDATE";
                    sqlx::query(lock)
                        .bind(&ids[0])
                        .execute(&mut *connection)
                        .await?;
                    if tries.fetch_add(1, Ordering::SeqCst) < 2 {
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
    one.expect("the first ends");
    other.expect("the second ends");
    // The other try may meet a deadlock as well.
    assert!(tries.load(Ordering::SeqCst) > 2, "one was done again");
}

/// What the database says of a statement may quote a row; `support::logs` fails where a log does.
#[tokio::test]
async fn what_the_database_says_is_not_logged() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    let trap = "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'Ge%', 'heim ' || NEW.name; END $$;
        CREATE TRIGGER trap BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION trap()";
    sqlx::raw_sql(trap)
        .execute(&mut connection)
        .await
        .expect("a trap");
    let response = app.post(BODY).await.expect(500);
    assert!(
        !response.body.to_string().contains("Geheim"),
        "{}",
        response.body
    );
}

#[tokio::test]
async fn a_conflict_is_logged_without_its_values() {
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
