//! The body of a request, in bytes.

use std::time::Duration;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{Problem, ProblemType};

/// The largest body, in bytes.
const LIMIT: usize = 2 * 1024 * 1024;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The bytes of a body that is said to be JSON.
///
/// # Errors
/// 415, 413 or 408, in this order.
pub async fn json_body(request: Request) -> Result<Bytes, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::Plain(ProblemType::UnsupportedMediaType));
    }
    let body = Limited::new(request.into_body(), LIMIT).collect();
    match tokio::time::timeout(PATIENCE, body).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::Plain(ProblemType::PayloadTooLarge))
        }
        // The sender went away, or never came to an end.
        Ok(Err(_)) | Err(_) => Err(Problem::Plain(ProblemType::RequestTimeout)),
    }
}

/// `application/json` or `application/*+json`, in UTF-8 where a charset is named.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let mut parts = value
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    is_json
        && parts.all(|parameter| match parameter.strip_prefix("charset=") {
            Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
            None => true,
        })
}
