//! `GET /metrics`, on an address of its own: it needs no key, and is nobody's but the operator's.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::clock::now;
use crate::db::{Database, Deadline};
use crate::metrics::{Backlog, Metrics};
use crate::state::AppState;
use crate::webhooks;

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// How long the database may take to say what waits in it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Everything that this process counts, with what is asked for when it is read: the connections of its
/// pools, and the backlog of the outbox, over the connections of the workers.
pub fn metrics(state: &AppState, workers: &Database) -> Router {
    let (metrics, requests) = (state.metrics.clone(), state.database.clone());
    let workers = workers.clone();
    let read = move || {
        let (metrics, requests, workers) = (metrics.clone(), requests.clone(), workers.clone());
        async move {
            metrics.set_connections("requests", requests.connections());
            metrics.set_connections("workers", workers.connections());
            metrics.set_backlog(backlog(&workers).await);
            answer(&metrics)
        }
    };
    Router::new().route("/metrics", get(read))
}

/// None where the database does not say.
async fn backlog(workers: &Database) -> Option<Backlog> {
    let deadline = Deadline::after(PATIENCE);
    let asked = workers.read(deadline, now(), |connection, now| {
        Box::pin(async move { webhooks::backlog(connection, *now).await })
    });
    asked.await.ok()
}

fn answer(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
