//! The limit of concurrent requests in one process.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Client, Problem, ProblemType, Slots};
use crate::db::InFlight;

/// How long a request waits for its body before another request can take its slot.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// Limits the concurrent requests. Refuses further requests immediately, because a queue would only delay every
/// response. A request whose body arrives slowly loses its slot to a new request, so that slow clients cannot block the
/// others. Clones share the limit.
#[derive(Debug, Clone)]
pub struct Gate(Slots);

impl Gate {
    /// Creates a gate for `capacity` concurrent requests.
    pub fn new(capacity: usize) -> Self {
        Self(Slots::new(capacity))
    }

    /// Runs a request, or returns `Overloaded` (503). The slot is free again when the database work of the request has
    /// ended too. Health checks need no slot, so that they work under load.
    pub(super) async fn pass(&self, mut request: Request, next: Next) -> Response {
        let route = request.extensions().get::<MatchedPath>();
        if route.is_some_and(|route| is_health_check(route.as_str())) {
            return next.run(request).await;
        }
        let client = request.extensions().get::<Client>().copied();
        match self.0.try_take(client.unwrap_or_default(), MIN_WAIT) {
            Some(slot) => {
                let in_flight = InFlight::new(slot.guard());
                request.extensions_mut().insert(slot);
                in_flight.scope(next.run(request)).await
            }
            None => Problem::Plain(ProblemType::Overloaded).into_response(),
        }
    }
}

fn is_health_check(route: &str) -> bool {
    let route = route.strip_prefix("/v1").unwrap_or(route);
    matches!(route, "/healthz" | "/readyz")
}
