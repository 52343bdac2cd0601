//! One request to an endpoint.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{Client, Response, Url, redirect};
use serde_json::{Map, Value, json};
use tracing::Instrument;

use super::address::{NOWHERE, Resolver, check};
use super::claim::Claimed;
use super::model::Webhook;
use super::payload::{EventRow, payload};
use super::schedule;
use crate::clock::now;
use crate::traces;
use crate::values::Destinations;

/// How long an endpoint has to answer, its whole body included.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How much of an answer is kept, in bytes.
const KEPT: usize = 4 * 1024;
/// How many headers of an answer are kept.
const HEADERS: usize = 40;
/// How much of a header's value is kept, in characters.
const VALUE: usize = 200;
/// The status of a receiver that wants no more.
const GONE: u16 = 410;

/// A delivery that this process is about to make.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub webhook: Webhook,
    pub event: EventRow,
    /// How many attempts were made before.
    pub attempts: usize,
    /// Why this one is made: `first_call`, `automatic_retry` or `manual_retry`.
    pub kind: String,
    /// The trace of the request that caused it.
    pub trace_parent: Option<String>,
}

/// What comes after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Delivered,
    Retry(DateTime<Utc>),
    /// Nobody tries again by itself.
    Failed,
    /// The receiver wants nothing any more.
    Gone,
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub kind: String,
    pub endpoint: String,
    /// That of the answer; 0 where none came.
    pub status_code: i32,
    pub request_headers: Value,
    pub response_headers: Option<Value>,
    pub response_body: Option<String>,
    /// Why no answer came.
    pub error: Option<String>,
    pub attempted_at: DateTime<Utc>,
    pub next: Next,
}

/// A client that follows no redirect, uses no proxy and connects to nothing but what it may.
///
/// # Errors
/// Those of the client.
pub fn client(destinations: Destinations) -> Result<Client, reqwest::Error> {
    // It fails where one is installed already, which does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Resolver(destinations))
        .connect_timeout(CONNECT)
        .timeout(TIMEOUT)
        .build()
}

impl Attempt {
    /// One that sent nothing, after which nobody tries again by itself.
    pub fn failed(claimed: &Claimed, reason: &str) -> Self {
        Self {
            kind: claimed.kind.clone(),
            endpoint: claimed.endpoint.clone(),
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
    /// Makes it once.
    pub async fn attempt(&self, client: &Client, destinations: &Destinations) -> Attempt {
        let attempted_at = now();
        let body = payload(&self.event, self.attempts).map(|it| it.to_string().into_bytes());
        let body = body.unwrap_or_default();
        let mut headers = self.headers(&body, attempted_at);
        let url = Url::parse(&self.webhook.url).ok();
        let host = url.as_ref().and_then(Url::host_str);
        let span = traces::delivery(host, self.trace_parent.as_deref(), &mut headers);
        let mut attempt = Attempt {
            kind: self.kind.clone(),
            endpoint: self.webhook.url.clone(),
            status_code: 0,
            request_headers: shown(&headers),
            response_headers: None,
            response_body: None,
            error: None,
            attempted_at,
            next: Next::Failed,
        };
        if body.is_empty() {
            attempt.error = Some("the case was deleted, and what this showed with it".to_owned());
            return attempt;
        }
        let sent = send(client, destinations, &self.webhook.url, headers, body);
        match sent.instrument(span.clone()).await {
            Ok(response) => {
                attempt.status_code = i32::from(response.status().as_u16());
                attempt.response_headers = Some(shown(response.headers()));
                match beginning(response).await {
                    Ok(text) => attempt.response_body = Some(text),
                    // It answered and did not finish: nothing says that it was taken.
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

    /// What comes after an attempt that has failed.
    pub fn after_failure(&self, now: DateTime<Utc>) -> Next {
        match schedule::wait(self.attempts, rand::random()) {
            Some(wait) => Next::Retry(now + TimeDelta::from_std(wait).unwrap_or_default()),
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
    check(&url, destinations).map_err(str::to_owned)?;
    let sent = client.post(url).headers(headers).body(body).send().await;
    sent.map_err(|error| said(&error))
}

/// Why a request failed, in words that do not repeat its URL.
fn said(error: &reqwest::Error) -> String {
    let chain = std::iter::successors(std::error::Error::source(error), |error| error.source());
    let causes: Vec<_> = chain.map(ToString::to_string).collect();
    if causes.iter().any(|cause| cause.contains(NOWHERE)) {
        return NOWHERE.to_owned();
    }
    if error.is_timeout() {
        return format!("no answer within {} seconds", TIMEOUT.as_secs());
    }
    causes
        .last()
        .cloned()
        .unwrap_or_else(|| "no answer".to_owned())
}

/// The beginning of an answer. A receiver that never comes to its end has taken nothing.
async fn beginning(mut response: Response) -> Result<String, String> {
    let mut kept = Vec::new();
    while kept.len() < KEPT {
        match response.chunk().await {
            Ok(Some(chunk)) => kept.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(said(&error)),
        }
    }
    kept.truncate(KEPT);
    Ok(storable(&String::from_utf8_lossy(&kept)))
}

fn shown(headers: &HeaderMap) -> Value {
    let shown = headers.iter().take(HEADERS).map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value: String = storable(&value).chars().take(VALUE).collect();
        (name.as_str().to_owned(), json!(value))
    });
    Value::Object(shown.collect::<Map<_, _>>())
}

/// Text without U+0000, which the database cannot hold.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
