//! A receiver of webhooks.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::watch;

use super::LONG;

/// One delivery, as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub body: Value,
}

impl Received {
    /// A header as text.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).expect("the header");
        value.to_str().expect("text")
    }

    /// The event, or its kind of update where it has one.
    #[track_caller]
    pub fn event(&self) -> &str {
        let event = self.body.get("sub_event").unwrap_or(&self.body["event"]);
        event.as_str().expect("an event")
    }
}

/// A server that keeps what it receives, and answers as it is told.
pub struct Receiver {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    count: watch::Receiver<usize>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        Self::answering(|_| StatusCode::NO_CONTENT.into_response()).await
    }

    /// One that answers the delivery with this number, from 0 on, so.
    pub async fn answering(
        answer: impl Fn(usize) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::answering_late(move |number| std::future::ready(answer(number))).await
    }

    /// The same, when it pleases.
    pub async fn answering_late<F>(
        answer: impl Fn(usize) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (counter, count) = watch::channel(0);
        let keep = Arc::clone(&received);
        let handler = move |headers: HeaderMap, bytes: Bytes| {
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            let number = {
                let mut kept = keep.lock().expect("nobody panicked");
                kept.push(Received {
                    headers,
                    bytes,
                    body,
                });
                kept.len() - 1
            };
            counter.send_replace(number + 1);
            answer(number)
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

    /// What has arrived, once it is at least so many.
    pub async fn received(&mut self, count: usize) -> Vec<Received> {
        let arrived = self.count.wait_for(|it| *it >= count);
        let arrived = tokio::time::timeout(LONG, arrived).await;
        let is_there = arrived.is_ok();
        drop(arrived);
        let received = self.so_far();
        assert!(is_there, "{} of {count} deliveries", received.len());
        received
    }

    /// What has arrived so far.
    pub fn so_far(&self) -> Vec<Received> {
        self.received.lock().expect("nobody panicked").clone()
    }
}
