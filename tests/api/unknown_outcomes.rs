//! Writes whose outcome is unknown.

use std::time::Duration;

use dossier::db::Timeouts;
use dossier::http::Limits;
use dossier::workspaces::FIXED_KEY;
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse, TestSettings, execute, limits, poll};

/// Blocks the commit of every keyed write while the advisory lock 42 is held.
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

/// Sends the request again until it succeeds, as its 503 responses ask for.
async fn post_until_stored(app: &TestApp, path: &str, key: &str, body: &Value) -> TestResponse {
    poll(async || {
        let response = post(app, path, key, body).await;
        let item = response.body["results"][0]["status"].as_u64();
        match response.status.is_success() && item.is_none_or(|it| it < 300) {
            true => Ok(response),
            false => Err(response),
        }
    })
    .await
}

#[tokio::test]
async fn returns_outcome_unknown_if_the_database_freezes_until_the_deadline() {
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
    let cases = "SELECT count(*) FROM cases";
    let writes = [
        ("/cases", json!({"name": "A"}), cases),
        ("/cases/batch", json!({"cases": [{"name": "B"}]}), cases),
        (
            "/tags",
            json!({"label": "Frozen"}),
            "SELECT count(*) FROM tags",
        ),
    ];
    for (path, body, rows) in writes {
        let before = app.count(rows).await;
        execute(&mut connection, "SELECT pg_advisory_lock(42)").await;
        let freeze = async {
            app.wait_for_count(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE application_name = 'dossier' AND wait_event = 'advisory'",
                1,
            )
            .await;
            app.signal_postgres(Signal::SIGSTOP);
        };
        let write = post(&app, path, path, &body);
        let (response, ()) = futures_util::future::join(write, freeze).await;
        app.signal_postgres(Signal::SIGCONT);
        let problem = match path {
            "/cases/batch" => &response.body["results"][0]["type"],
            _ => &response.body["type"],
        };
        assert_eq!(
            problem, "/problems/outcome-unknown",
            "{path}: {}",
            response.body
        );
        execute(&mut connection, "SELECT pg_advisory_unlock(42)").await;
        // Whether or not it was stored, a retry leaves it stored once.
        post_until_stored(&app, path, path, &body).await;
        assert_eq!(app.count(rows).await, before + 1, "{path}");
    }
}

#[tokio::test]
async fn finds_a_stored_case_by_its_key_after_the_deadline() {
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
    // On a very busy machine, this lookup itself can time out.
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
