//! How many requests are in flight in one process.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Client, Problem, ProblemType, Slots};
use crate::db::InFlight;

/// How long the body of a request may arrive before another request can have its slot.
const ARRIVAL: Duration = Duration::from_secs(1);

/// Lets a bounded number of requests in; one beyond it is refused at once, since a queue would only
/// make every response late. A request whose body arrives slowly loses its slot to another that has
/// none: clients that send slowly would otherwise keep everybody out. A clone counts with the others.
#[derive(Debug, Clone)]
pub struct Gate(Slots);

impl Gate {
    /// For so many requests.
    pub fn new(most: usize) -> Self {
        Self(Slots::new(most))
    }

    /// The response to a request, or that there are too many. Its slot is free again when its work
    /// in the database has ended too. Whoever watches the process must be answered when it is busy.
    pub(super) async fn pass(&self, mut request: Request, next: Next) -> Response {
        let route = request.extensions().get::<MatchedPath>();
        if route.is_some_and(|route| is_watched(route.as_str())) {
            return next.run(request).await;
        }
        let client = request.extensions().get::<Client>().copied();
        match self.0.try_take(client.unwrap_or_default(), ARRIVAL) {
            Some(slot) => {
                let held = InFlight::new(slot.held());
                request.extensions_mut().insert(slot);
                held.scope(next.run(request)).await
            }
            None => Problem::Plain(ProblemType::Overloaded).into_response(),
        }
    }
}

fn is_watched(route: &str) -> bool {
    let route = route.strip_prefix("/v1").unwrap_or(route);
    matches!(route, "/healthz" | "/readyz")
}
