//! The HTTP client of an import: sends one batch and classifies the response.

use std::time::Duration;

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::super::error_chain;
use super::batch::Batch;
use super::outcome::Refusal;
use crate::config::ImportCommand;

/// Maximum duration of one request.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The longest `Retry-After` that is followed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(120);

/// The body of a successful response to a batch.
#[derive(Debug, Deserialize)]
struct Results {
    results: Vec<ItemResult>,
}

/// The result of one line of a batch.
#[derive(Debug, Deserialize)]
pub struct ItemResult {
    pub id: Option<String>,
    #[serde(flatten)]
    pub refusal: Refusal,
}

impl ItemResult {
    /// Whether a concurrent request caused a 409, so that a retry may succeed.
    pub fn is_concurrent_conflict(&self) -> bool {
        let temporary = ["/problems/request-in-progress", "/problems/busy"];
        let kind = self.refusal.kind.as_deref();
        kind.is_some_and(|kind| temporary.contains(&kind))
    }
}

/// The response to a batch.
pub enum BatchResponse {
    /// A result for each line.
    Results(Vec<ItemResult>),
    /// The batch is too large, or the server does not accept it as a batch.
    Refused(Refusal),
    /// A temporary failure: the reason, and the `Retry-After` of the server.
    Retry(String, Option<Duration>),
    /// A permanent failure: the reason.
    Failed(String),
}

/// A client of one server.
pub struct BatchClient {
    client: Client,
    url: Url,
}

impl BatchClient {
    /// Creates a client of the server in the command.
    ///
    /// # Errors
    /// Returns one line if the URL or the key is invalid.
    pub fn new(command: &ImportCommand) -> Result<Self, String> {
        let url = format!("{}/cases/batch", command.url.trim_end_matches('/'));
        let url = Url::parse(&url).ok();
        // Messages repeat the URL, so it must not have a password.
        let has_credentials = |it: &Url| !it.username().is_empty() || it.password().is_some();
        let is_http = |it: &Url| matches!(it.scheme(), "http" | "https") && it.has_host();
        let url = url.filter(|it| is_http(it) && !has_credentials(it));
        let url = url.ok_or_else(|| {
            // Not repeated in the message, because it may have a password.
            "the URL must be that of a server, without a user, such as http://127.0.0.1:8080; set --url"
                .to_owned()
        })?;
        let key = format!("Bearer {}", command.key.expose_secret());
        let mut key = HeaderValue::try_from(key)
            .map_err(|_| "the key has characters that no key has; set --key".to_owned())?;
        key.set_sensitive(true);
        let agent = HeaderValue::from_static(concat!("dossier/", env!("CARGO_PKG_VERSION")));
        let json = HeaderValue::from_static("application/json");
        let headers = [
            (AUTHORIZATION, key),
            (USER_AGENT, agent),
            (CONTENT_TYPE, json),
        ];
        // Fails if a provider is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .default_headers(HeaderMap::from_iter(headers))
            .timeout(TIMEOUT)
            // A redirected POST would become a GET.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(error_chain)?;
        Ok(Self { client, url })
    }

    /// Returns the URL that batches are sent to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Sends a batch once.
    pub async fn post(&self, batch: &Batch) -> BatchResponse {
        let mut url = self.url.clone();
        if batch.is_dry_run {
            url.set_query(Some("dry_run=true"));
        }
        let sent = self.client.post(url).body(batch.body()).send().await;
        match sent {
            Ok(response) => self.read(response).await,
            Err(error) => BatchResponse::Retry(self.unreachable(error), None),
        }
    }

    async fn read(&self, response: Response) -> BatchResponse {
        let (status, wait) = (response.status(), retry_after(response.headers()));
        let body = match response.bytes().await {
            Ok(body) => body,
            Err(error) => return BatchResponse::Retry(self.unreachable(error), None),
        };
        if status == StatusCode::OK {
            return match serde_json::from_slice::<Results>(&body) {
                Ok(Results { results }) => BatchResponse::Results(results),
                Err(_) => BatchResponse::Failed(format!("{} is not a Dossier server", self.url)),
            };
        }
        let problem = serde_json::from_slice::<Refusal>(&body).unwrap_or(Refusal {
            status: status.as_u16(),
            kind: None,
            title: None,
            detail: None,
            errors: Vec::new(),
        });
        match status.as_u16() {
            400 | 413 => BatchResponse::Refused(problem),
            status if is_temporary(status) || status == 500 => {
                BatchResponse::Retry(self.describe(problem), wait)
            }
            _ => BatchResponse::Failed(self.describe(problem)),
        }
    }

    fn describe(&self, problem: Refusal) -> String {
        let Refusal {
            status,
            title,
            detail,
            ..
        } = problem;
        // The detail of a temporary problem says what the sender should do; the import does it by itself.
        let reason = if is_temporary(status) { title } else { detail };
        let reason = reason.unwrap_or_else(|| "it is not a Dossier server".to_owned());
        format!(
            "{} returned {status}: {}",
            self.url,
            reason.trim_end_matches('.')
        )
    }

    fn unreachable(&self, error: reqwest::Error) -> String {
        // The message begins with the URL already.
        format!(
            "{} cannot be reached: {}",
            self.url,
            error_chain(error.without_url())
        )
    }
}

/// Whether a response with this status is temporary.
pub fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 502 | 503 | 504)
}

/// Reads `Retry-After` in seconds (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}
