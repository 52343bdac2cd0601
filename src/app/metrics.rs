//! `GET /metrics` on a separate address for the operator. It needs no key.

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
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Maximum duration of the query for the backlog.
const BACKLOG_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves the metrics of this process. Each request updates the connections of the pools and the backlog of deliveries,
/// which is read over a connection of the workers.
pub fn metrics(state: &AppState, workers: &Database) -> Router {
    let (metrics, requests) = (state.metrics.clone(), state.database.clone());
    let workers = workers.clone();
    let read = move || {
        let (metrics, requests, workers) = (metrics.clone(), requests.clone(), workers.clone());
        async move {
            metrics.set_connections("requests", requests.connections());
            metrics.set_connections("workers", workers.connections());
            metrics.set_backlog(backlog(&workers).await);
            respond(&metrics)
        }
    };
    Router::new().route("/metrics", get(read))
}

/// Returns `None` if the query fails.
async fn backlog(workers: &Database) -> Option<Backlog> {
    let deadline = Deadline::after(BACKLOG_TIMEOUT);
    let backlog = workers.read(deadline, now(), |connection, now| {
        Box::pin(async move { webhooks::backlog(connection, *now).await })
    });
    backlog.await.ok()
}

fn respond(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not encode the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
