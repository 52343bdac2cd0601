//! A database that is frozen or gone.

use std::time::{Duration, Instant};

use dossier::db::cluster::Cluster;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::TestApp;

const BODY: &str = "{\"name\": \"A\"}";

#[tokio::test]
async fn a_frozen_database_is_a_503_within_a_second_and_service_again_when_it_thaws() {
    let app = TestApp::start().await;
    app.post(BODY).await.expect(201);
    let postgres = app.postgres();
    let signal = |signal: Signal| {
        for pid in &postgres {
            kill(Pid::from_raw(*pid), signal).expect("a signal");
        }
    };
    signal(Signal::SIGSTOP);
    let begun = Instant::now();
    let answer = app.post(BODY).await;
    let took = begun.elapsed();
    signal(Signal::SIGCONT);
    let answer = answer.expect(503);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.body["code"], "SERVICE_UNAVAILABLE");
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    app.post(BODY).await.expect(201);
}

#[tokio::test]
async fn a_database_that_is_gone_is_a_503_within_a_second() {
    let mut app = TestApp::start().await;
    app.post(BODY).await.expect(201);
    drop(app.cluster.take());
    let begun = Instant::now();
    app.post("{\"name\": 1}").await.expect(503);
    app.get("/readyz").await.expect(503);
    app.get("/healthz").await.expect(200);
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(3_000), "{took:?}");
}

#[tokio::test]
async fn a_restarted_database_is_used_again_at_once() {
    let mut app = TestApp::start().await;
    // Several connections are open, and all of them are lost.
    futures_util::future::join_all((0..8).map(|_| app.post(BODY))).await;
    drop(app.cluster.take());
    let path = app.directory.path().to_owned();
    let started = tokio::task::spawn_blocking(move || Cluster::start(&path)).await;
    app.cluster = Some(started.expect("the start ends").expect("a cluster"));
    for answer in futures_util::future::join_all((0..4).map(|_| app.post(BODY))).await {
        answer.expect(201);
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_known_to_have_stored_nothing() {
    use dossier::db::{Database, DatabaseError, Session};
    let app = TestApp::start().await;
    let options = app
        .cluster
        .as_ref()
        .expect("a running cluster")
        .options("postgres");
    let written: Result<(), DatabaseError> = Database::new(options, 1)
        .unit(async move |mut session: Session| {
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
        })
        .await;
    assert!(
        matches!(written, Err(DatabaseError::Unavailable(Some(_)))),
        "{written:?}"
    );
}
