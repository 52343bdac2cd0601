//! One attempt of a delivery: the request to the endpoint and its result.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{Client, Response, Url, redirect};
use serde_json::{Map, Value, json};
use tracing::Instrument;

use super::schedule;
use crate::clock::now;
use crate::destinations::{Destinations, Resolver, UNREACHABLE};
use crate::traces;
use crate::webhooks::model::Webhook;
use crate::webhooks::payload::{StoredEvent, payload};

/// The timeout of one request, including the part of the response body that is read.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// The timeout of a connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The part of a response body that is stored, in bytes.
const MAX_BODY: usize = 4 * 1024;
/// The number of headers that are stored.
const MAX_HEADERS: usize = 40;
/// The part of a header's value that is stored, in characters.
const MAX_HEADER_VALUE: usize = 200;
/// The status (410) with which a receiver stops all deliveries.
const GONE: u16 = 410;
/// The error of a delivery whose payload was erased.
const ERASED: &str = "the case was deleted, and the payload was erased";

/// A claimed delivery with everything that its request needs.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub webhook: Webhook,
    pub event: StoredEvent,
    /// The number of earlier attempts.
    pub attempts: usize,
    /// `first_call`, `automatic_retry` or `manual_retry`.
    pub kind: String,
    /// The `traceparent` of the request that caused the event.
    pub trace_parent: Option<String>,
}

/// The next step after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Delivered,
    Retry(DateTime<Utc>),
    /// No automatic retry.
    Failed,
    /// The receiver returned 410: its webhook goes offline.
    Gone,
}

/// The result of an attempt.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub kind: String,
    pub endpoint: String,
    /// The status of the response; 0 without a complete response.
    pub status_code: i32,
    pub request_headers: Value,
    pub response_headers: Option<Value>,
    pub response_body: Option<String>,
    /// Why there is no complete response.
    pub error: Option<String>,
    pub attempted_at: DateTime<Utc>,
    pub next: Next,
}

/// A client that follows no redirects, uses no proxy and connects only to permitted addresses.
///
/// # Errors
/// Returns `reqwest::Error` if TLS or the resolver cannot be set up.
pub fn client(destinations: Destinations) -> Result<Client, reqwest::Error> {
    // It fails if a provider is already installed, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Resolver(destinations))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .build()
}

impl Attempt {
    /// The result of an attempt that sent nothing and has no automatic retry.
    pub fn failed(kind: &str, endpoint: &str, reason: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            endpoint: endpoint.to_owned(),
            status_code: 0,
            request_headers: json!({}),
            response_headers: None,
            response_body: None,
            error: Some(reason.to_owned()),
            attempted_at: now(),
            next: Next::Failed,
        }
    }
}

impl Delivery {
    /// Makes one attempt.
    pub async fn attempt(&self, client: &Client, destinations: &Destinations) -> Attempt {
        let attempted_at = now();
        let body = payload(&self.event, self.attempts).map(|it| it.to_string().into_bytes());
        let body = body.unwrap_or_default();
        let mut headers = self.headers(&body, attempted_at);
        let url = Url::parse(&self.webhook.url).ok();
        let host = url.as_ref().and_then(Url::host_str);
        let span = traces::delivery(host, self.trace_parent.as_deref(), &mut headers);
        let mut attempt = Attempt {
            request_headers: stored_headers(&headers),
            attempted_at,
            ..Attempt::failed(&self.kind, &self.webhook.url, ERASED)
        };
        if body.is_empty() {
            return attempt;
        }
        attempt.error = None;
        let response = send(client, destinations, &self.webhook.url, headers, body);
        match response.instrument(span.clone()).await {
            Ok(response) => {
                attempt.status_code = i32::from(response.status().as_u16());
                attempt.response_headers = Some(stored_headers(response.headers()));
                match read_body(response).await {
                    Ok(body) => attempt.response_body = Some(body),
                    // An incomplete response does not confirm the delivery.
                    Err(error) => {
                        attempt.status_code = 0;
                        attempt.error = Some(error);
                    }
                }
            }
            Err(error) => attempt.error = Some(error),
        }
        traces::record_delivery(&span, attempt.status_code);
        attempt.next = self.next(attempt.status_code, now());
        attempt
    }

    fn headers(&self, body: &[u8], at: DateTime<Utc>) -> HeaderMap {
        let id = self.event.id.to_string();
        let timestamp = at.timestamp();
        let signature = self.webhook.signature(&id, timestamp, body, at);
        let values = [
            (CONTENT_TYPE, "application/json".to_owned()),
            (
                USER_AGENT,
                concat!("dossier/", env!("CARGO_PKG_VERSION")).to_owned(),
            ),
            (HeaderName::from_static("webhook-id"), id),
            (
                HeaderName::from_static("webhook-timestamp"),
                timestamp.to_string(),
            ),
            (HeaderName::from_static("webhook-signature"), signature),
            (
                HeaderName::from_static("dotfile-signature"),
                self.webhook.body_signature(body),
            ),
        ];
        let values = values.into_iter();
        values
            .filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)))
            .collect()
    }

    fn next(&self, status_code: i32, now: DateTime<Utc>) -> Next {
        match status_code {
            200..=299 => Next::Delivered,
            code if code == i32::from(GONE) => Next::Gone,
            _ => self.after_failure(now),
        }
    }

    /// The next step after a failed attempt.
    pub fn after_failure(&self, now: DateTime<Utc>) -> Next {
        match schedule::delay(self.attempts, rand::random()) {
            Some(delay) => Next::Retry(now + TimeDelta::from_std(delay).unwrap_or_default()),
            None => Next::Failed,
        }
    }
}

async fn send(
    client: &Client,
    destinations: &Destinations,
    url: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Result<Response, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    destinations.check(&url).map_err(str::to_owned)?;
    let response = client.post(url).headers(headers).body(body).send().await;
    response.map_err(|error| reason(&error))
}

/// Why a request failed, without its URL.
fn reason(error: &reqwest::Error) -> String {
    let chain = std::iter::successors(std::error::Error::source(error), |error| error.source());
    let causes: Vec<_> = chain.map(ToString::to_string).collect();
    if causes.iter().any(|cause| cause.contains(UNREACHABLE)) {
        return UNREACHABLE.to_owned();
    }
    if error.is_timeout() {
        return format!("no response within {} seconds", TIMEOUT.as_secs());
    }
    causes
        .last()
        .cloned()
        .unwrap_or_else(|| "no response".to_owned())
}

/// Reads the first [`MAX_BODY`] bytes of a response body.
async fn read_body(mut response: Response) -> Result<String, String> {
    let mut body = Vec::new();
    while body.len() < MAX_BODY {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(reason(&error)),
        }
    }
    body.truncate(MAX_BODY);
    Ok(storable(&String::from_utf8_lossy(&body)))
}

fn stored_headers(headers: &HeaderMap) -> Value {
    let stored = headers.iter().take(MAX_HEADERS).map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value: String = storable(&value).chars().take(MAX_HEADER_VALUE).collect();
        (name.as_str().to_owned(), json!(value))
    });
    Value::Object(stored.collect::<Map<_, _>>())
}

/// A string without U+0000, which PostgreSQL cannot store.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
