//! More requests than the server accepts at once.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use dossier::db::DatabaseError;
use dossier::http::Limits;
use tokio::sync::{Semaphore, mpsc};

use crate::support::{DropNotice, TestApp, TestSettings, Wire, deadline, limits, poll};

/// Adds `GET /hold`: a unit of work that lasts until the semaphore has a permit.
fn hold(events: mpsc::UnboundedSender<&'static str>, release: Arc<Semaphore>) -> Router<State> {
    let handler = async move |axum::extract::State(state): axum::extract::State<State>| {
        let _notice = DropNotice(events.clone());
        let (events, release) = (events.clone(), release.clone());
        let work = async move |_session: dossier::db::Session| {
            events.send("holds").expect("the test is running");
            let permit = release.acquire().await.expect("the semaphore is open");
            permit.forget();
            Ok::<(), DatabaseError>(())
        };
        let result: Result<(), DatabaseError> = state.database.unit(deadline(), work).await;
        result.map_err(dossier::http::Problem::from)
    };
    Router::new().route("/hold", get(handler))
}

type State = dossier::state::AppState;

#[tokio::test]
async fn returns_503_at_once_above_the_limit_and_counts_work_of_lost_clients() {
    let (sender, mut events) = mpsc::unbounded_channel();
    let release = Arc::new(Semaphore::new(0));
    let app = TestApp::start_with(TestSettings {
        limits: Limits {
            in_flight: 2,
            ..limits()
        },
        extra: hold(sender, release.clone()),
        ..TestSettings::default()
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = Wire::connect(app.address()).await.expect("a connection");
        client.send("GET /hold", &[], "").await.expect("sent");
        assert_eq!(events.recv().await, Some("holds"));
        clients.push(client);
    }

    // The held requests cannot end now, so that this response did not wait for them.
    let refused = app.post("{\"name\": \"A\"}").await.expect(503);
    assert_eq!(refused.body["type"], "/problems/overloaded");
    assert_eq!(refused.body["code"], "SERVICE_UNAVAILABLE");
    assert_eq!(refused.headers["retry-after"], "1");
    assert!(refused.headers.contains_key("x-request-id"));
    app.get("/nothing/here").await.expect(503);
    for path in ["/healthz", "/readyz", "/v1/readyz", "/readyz/"] {
        app.get(path).await.expect(200);
    }

    for client in clients {
        // A client that only closes its sending side could still wait for its response: this one resets the
        // connection.
        client.stream.set_zero_linger().expect("a setting");
    }
    for _ in 0..2 {
        assert_eq!(events.recv().await, Some("dropped"));
    }
    for _ in 0..20 {
        let refused = app.get("/ping").await.expect(503);
        assert_eq!(refused.body["type"], "/problems/overloaded");
    }

    release.add_permits(2);
    // The work ends shortly after its release.
    poll(async || {
        let response = app.get("/ping").await;
        if response.status == 200 {
            Ok(())
        } else {
            Err(response)
        }
    })
    .await;
    app.get("/problems/overloaded").await.expect(200);
}
