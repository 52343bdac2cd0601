//! The body of a request, in bytes.

use axum::RequestExt;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{Limits, Problem, ProblemType};
use crate::db::Deadline;

/// The bytes of a body that is said to be JSON. What is refused: 415, 413 or 408, in this order. A
/// compressed body is never unpacked, since a small one can become any size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBody
where
    Limits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::Plain(ProblemType::UnsupportedMediaType));
        }
        RawBody::from_request(request, state)
            .await
            .map(|RawBody(bytes)| Self(bytes))
    }
}

/// The bytes of a body that nobody reads, but for what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody
where
    Limits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Problem> {
        if is_encoded(request.headers()) {
            return Err(Problem::Plain(ProblemType::UnsupportedContentEncoding));
        }
        let deadline: Deadline = request.extract_parts_with_state(state).await?;
        let limit = Limits::from_ref(state).body;
        let body = Limited::new(request.into_body(), limit).collect();
        match tokio::time::timeout_at(deadline.instant(), body).await {
            Ok(Ok(collected)) => Ok(Self(collected.to_bytes())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::TooLarge { limit }),
            // The sender went away, or never came to an end.
            Ok(Err(_)) | Err(_) => Err(Problem::Plain(ProblemType::RequestTimeout)),
        }
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
    // What nearly everybody sends.
    if value == "application/json" {
        return true;
    }
    let mut parts = value
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    is_json
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, charset)) if name.trim() == "charset" => {
                matches!(charset.trim().trim_matches('"'), "utf-8" | "utf8")
            }
            _ => true,
        })
}

/// Whether anything but `identity` was done to the body (RFC 9110, section 8.4).
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| {
        // What is no text is no coding that is known.
        let codings = value.to_str().unwrap_or("?").split(',').map(str::trim);
        let mut others =
            codings.filter(|it| !it.is_empty() && !it.eq_ignore_ascii_case("identity"));
        others.next().is_some()
    })
}
