//! The requests and responses of one connection.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use tower::ServiceExt;
use tower_http::normalize_path::NormalizePath;

use super::request_body::{Remainder, RequestBody, UnreadBody};
use crate::http::{Client, Peer, Slot};

/// Responds to the requests of one connection, one after the other.
pub struct Exchange {
    router: NormalizePath<Router>,
    client: Client,
    peer: Option<Peer>,
    slot: Slot,
    unread: Arc<UnreadBody>,
}

impl Exchange {
    /// Creates the exchange of the connection that holds this slot.
    pub fn new(
        router: NormalizePath<Router>,
        client: Client,
        peer: Option<Peer>,
        slot: Slot,
    ) -> Self {
        Self {
            router,
            client,
            peer,
            slot,
            unread: Arc::default(),
        }
    }

    /// Responds to a request. If the end of the body cannot be reached, the next request cannot be found, so the
    /// response closes the connection (RFC 9112, section 9.6).
    pub async fn respond(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> Result<Response, Infallible> {
        self.slot.work();
        let expects_continue = expects_continue(request.headers());
        let mut request: Request = request.map(|incoming| {
            if incoming.is_end_stream() {
                return Body::empty();
            }
            Body::new(RequestBody::new(incoming, &self.unread))
        });
        request.extensions_mut().insert(self.client);
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        let mut response = self.router.clone().oneshot(request).await?;
        self.slot.wait();
        let remainder = self.unread.take();
        if !matches!(remainder, Remainder::Nothing) {
            // A client whose body timed out gets no more time.
            let is_closing = response.status() == StatusCode::REQUEST_TIMEOUT
                || response.headers().contains_key(CONNECTION);
            if is_closing || !remainder.discard(&self.slot, expects_continue).await {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
        }
        Ok(response)
    }
}

fn expects_continue(headers: &HeaderMap) -> bool {
    let mut expectations = headers.get_all(EXPECT).iter();
    expectations.any(|it| it.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
