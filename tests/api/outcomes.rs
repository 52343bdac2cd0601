//! Writes of which nobody knows what became: what is said of them, and that it is never false.

use std::time::Duration;

use dossier::db::Timeouts;
use dossier::http::Limits;
use dossier::workspaces::FIXED_KEY;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::support::{TestApp, TestResponse, TestSettings, limits};

/// Holds every commit of a keyed write until nobody has the advisory lock 42 any more.
const HOLD_COMMITS: &str = "
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS
        'BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON idempotency_keys
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold();";

async fn post(app: &TestApp, path: &str, key: &str, body: &Value) -> TestResponse {
    let request = app.request(Method::POST, path).bearer_auth(FIXED_KEY);
    app.send(request.header("idempotency-key", key).json(body))
        .await
}

/// Sends it until it is done, as a client does that is told to try again.
async fn post_until_done(app: &TestApp, path: &str, key: &str, body: &Value) -> TestResponse {
    for _ in 0..200 {
        let response = post(app, path, key, body).await;
        let outcome = &response.body["results"][0]["status"];
        let is_done = response.status.is_success() && outcome.as_u64().is_none_or(|it| it < 300);
        if is_done {
            return response;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is never done");
}

/// Resolves once a commit waits for the lock.
async fn a_commit_is_held(connection: &mut PgConnection) {
    let waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE application_name = 'dossier' AND wait_event = 'advisory')";
    loop {
        let is_waiting = sqlx::query_scalar(waiting).fetch_one(&mut *connection);
        if is_waiting.await.expect("the activity") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn count(connection: &mut PgConnection, table: &'static str) -> i64 {
    let count = match table {
        "cases" => sqlx::query_scalar("SELECT count(*) FROM cases"),
        _ => sqlx::query_scalar("SELECT count(*) FROM tags"),
    };
    count.fetch_one(connection).await.expect("a count")
}

#[tokio::test]
async fn a_keyed_write_that_is_frozen_until_its_deadline_is_outcome_unknown() {
    let settings = TestSettings {
        limits: Limits {
            request: Duration::from_secs(2),
            ..limits()
        },
        timeouts: Timeouts::default(),
        ..TestSettings::default()
    };
    let app = TestApp::start_on_own_cluster_with(settings).await;
    app.execute(HOLD_COMMITS).await;
    let mut connection = app.connect().await;
    let signal = |signal: Signal| {
        for pid in app.postgres_pids() {
            kill(Pid::from_raw(pid), signal).expect("a signal");
        }
    };
    let writes = [
        ("/cases", json!({"name": "A"}), "cases"),
        ("/cases/batch", json!({"cases": [{"name": "B"}]}), "cases"),
        ("/tags", json!({"label": "Frozen"}), "tags"),
    ];
    for (path, body, table) in writes {
        let before = count(&mut connection, table).await;
        let lock = "SELECT pg_advisory_lock(42)";
        sqlx::raw_sql(lock)
            .execute(&mut connection)
            .await
            .expect("the lock");
        let freeze = async {
            a_commit_is_held(&mut connection).await;
            signal(Signal::SIGSTOP);
        };
        let write = post(&app, path, path, &body);
        let (response, ()) = futures_util::future::join(write, freeze).await;
        signal(Signal::SIGCONT);
        let problem = match path {
            "/cases/batch" => &response.body["results"][0]["type"],
            _ => &response.body["type"],
        };
        assert_eq!(
            problem, "/problems/outcome-unknown",
            "{path}: {}",
            response.body
        );
        let unlock = "SELECT pg_advisory_unlock(42)";
        sqlx::raw_sql(unlock)
            .execute(&mut connection)
            .await
            .expect("the lock");
        // Whatever became of it, sent again it is there once.
        post_until_done(&app, path, path, &body).await;
        assert_eq!(count(&mut connection, table).await, before + 1, "{path}");
    }
}

#[tokio::test]
async fn a_look_up_after_the_deadline_finds_what_was_stored() {
    let settings = TestSettings {
        limits: Limits {
            request: Duration::from_secs(2),
            ..limits()
        },
        lost_response: Some("INSERT 0 1"),
        ..TestSettings::default()
    };
    let app = TestApp::start_with(settings).await;
    let body = json!({"name": "A"});
    // On a machine that is very busy the look-up itself may take too long.
    for attempt in 0.. {
        let key = format!("k-{attempt}");
        app.proxy().arm_without_closing();
        let response = post(&app, "/cases", &key, &body).await;
        if response.status == 503 && attempt < 5 {
            assert_eq!(response.body["type"], "/problems/outcome-unknown");
            continue;
        }
        let response = response.expect(201);
        assert_eq!(response.header("idempotent-replayed"), Some("true"));
        let again = post(&app, "/cases", &key, &body).await.expect(201);
        assert_eq!(again.body, response.body);
        break;
    }
}
