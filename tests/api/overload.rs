//! More requests than a server takes at once.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use dossier::db::DatabaseError;
use dossier::http::Limits;
use tokio::sync::{Semaphore, mpsc};

use crate::support::{LONG, TestApp, TestSettings, Wire, deadline, limits};

/// Sends when it is dropped, as what holds it is.
struct Leaving(mpsc::UnboundedSender<&'static str>);

impl Drop for Leaving {
    fn drop(&mut self) {
        // Nobody listens at the end of the test.
        let _ = self.0.send("left");
    }
}

/// `GET /hold`: a unit of work that ends when the semaphore says so.
fn hold(events: mpsc::UnboundedSender<&'static str>, release: Arc<Semaphore>) -> Router<State> {
    let handler = async move |axum::extract::State(state): axum::extract::State<State>| {
        let _leaving = Leaving(events.clone());
        let (events, release) = (events.clone(), release.clone());
        let work = async move |_session: dossier::db::Session| {
            events.send("holds").expect("the test listens");
            let permit = release.acquire().await.expect("it is open");
            permit.forget();
            Ok::<(), DatabaseError>(())
        };
        let held: Result<(), DatabaseError> = state.database.unit(deadline(), work).await;
        held.map_err(dossier::http::Problem::from)
    };
    Router::new().route("/hold", get(handler))
}

type State = dossier::state::AppState;

#[tokio::test]
async fn one_request_too_many_is_told_so_at_once_and_work_without_a_client_counts() {
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

    // Nothing that is held ends before the test says so: it is not waited for.
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
        // One that only closes its side may still wait for its answer.
        client.stream.set_zero_linger().expect("a setting");
    }
    for _ in 0..2 {
        assert_eq!(events.recv().await, Some("left"));
    }
    for _ in 0..20 {
        let refused = app.get("/ping").await.expect(503);
        assert_eq!(refused.body["type"], "/problems/overloaded");
    }

    release.add_permits(2);
    // The work ends a moment after it is let go.
    let begun = Instant::now();
    while app.get("/ping").await.status != 200 {
        assert!(begun.elapsed() < LONG, "no place is free");
    }
    app.get("/problems/overloaded").await.expect(200);
}
