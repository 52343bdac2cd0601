//! A receiver of webhook deliveries.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::watch;

use super::LONG;

/// One received delivery.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub body: Value,
}

impl Received {
    /// Returns the value of a header.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).expect("the header");
        value.to_str().expect("a readable value")
    }

    /// Returns `sub_event` if present, otherwise `event`.
    #[track_caller]
    pub fn event(&self) -> &str {
        let event = self.body.get("sub_event").unwrap_or(&self.body["event"]);
        event.as_str().expect("an event")
    }
}

/// A server that stores the deliveries it receives and responds as the test specifies.
pub struct Receiver {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    count: watch::Receiver<usize>,
}

impl Receiver {
    /// Responds to every delivery with 204.
    pub async fn start() -> Self {
        Self::responding(|_| StatusCode::NO_CONTENT.into_response()).await
    }

    /// Responds with 503 while the flag is set, and with 204 otherwise.
    pub async fn failing_while(is_down: Arc<AtomicBool>) -> Self {
        Self::responding(move |_| match is_down.load(Ordering::SeqCst) {
            true => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            false => StatusCode::NO_CONTENT.into_response(),
        })
        .await
    }

    /// Responds to each delivery with the response for its number, counted from 0.
    pub async fn responding(
        response: impl Fn(usize) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::responding_async(move |number| std::future::ready(response(number))).await
    }

    /// Same as [`Receiver::responding`], with an async response.
    pub async fn responding_async<F>(
        response: impl Fn(usize) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (counter, count) = watch::channel(0);
        let deliveries = Arc::clone(&received);
        let handler = move |headers: HeaderMap, bytes: Bytes| {
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            let number = {
                let mut deliveries_so_far = deliveries.lock().expect("no panic");
                deliveries_so_far.push(Received {
                    headers,
                    bytes,
                    body,
                });
                deliveries_so_far.len() - 1
            };
            counter.send_replace(number + 1);
            response(number)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url: format!("http://{address}/hook"),
            received,
            count,
        }
    }

    /// Waits until at least `count` deliveries have arrived and returns all of them.
    pub async fn wait_for(&mut self, count: usize) -> Vec<Received> {
        let arrived = self.count.wait_for(|it| *it >= count);
        let arrived = tokio::time::timeout(LONG, arrived).await;
        let has_arrived = arrived.is_ok();
        drop(arrived);
        let received = self.received();
        assert!(has_arrived, "{} of {count} deliveries", received.len());
        received
    }

    /// Returns the deliveries that have arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no panic").clone()
    }
}
