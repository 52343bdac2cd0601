//! How many requests are in flight in one process.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::{Problem, ProblemType};
use crate::db::InFlight;

/// Lets a bounded number of requests in; one beyond it is told so at once, since a queue would only
/// make every answer late. A clone counts with the others.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// For so many requests.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))))
    }

    /// The answer to a request, or that there are too many. Its place is free again when its work
    /// in the database has ended too. Whoever watches the process must be answered when it is busy.
    pub(super) async fn pass(&self, request: Request, next: Next) -> Response {
        let route = request.extensions().get::<MatchedPath>();
        if route.is_some_and(|route| is_watched(route.as_str())) {
            return next.run(request).await;
        }
        match Arc::clone(&self.0).try_acquire_owned() {
            Ok(place) => InFlight::new(place).held_by(next.run(request)).await,
            Err(_) => Problem::Plain(ProblemType::Overloaded).into_response(),
        }
    }
}

fn is_watched(route: &str) -> bool {
    let route = route.strip_prefix("/v1").unwrap_or(route);
    matches!(route, "/healthz" | "/readyz")
}
