//! Extractors for the body of a request.

use axum::RequestExt;
use axum::body::HttpBody;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{Limits, Problem, ProblemType, Slot};
use crate::db::Deadline;

/// The bytes of a body with a JSON content type. Rejects with 415, 413, 408 or 400, checked in this order. Compressed
/// bodies are refused, because a small one can decompress to any size.
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

/// The bytes of a body of any content type.
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
        let slot = request.extensions_mut().remove::<Slot>();
        let body = request.into_body();
        if body.is_end_stream() {
            return Ok(Self(Bytes::new()));
        }
        // Refuse before the first read, which sends 100 Continue.
        if usize::try_from(body.size_hint().lower()).map_or(true, |length| length > limit) {
            return Err(Problem::TooLarge { limit });
        }
        let body = Limited::new(body, limit).collect();
        let body = tokio::time::timeout_at(deadline.instant(), body);
        match receive(slot, body).await {
            Some(Ok(Ok(collected))) => Ok(Self(collected.to_bytes())),
            Some(Ok(Err(error))) if error.is::<LengthLimitError>() => {
                Err(Problem::TooLarge { limit })
            }
            Some(Ok(Err(_))) => Err(Problem::Plain(ProblemType::MalformedFraming)),
            Some(Err(_)) | None => Err(Problem::Plain(ProblemType::RequestTimeout)),
        }
    }
}

/// Waits for the body with the slot in the waiting state. Returns `None` if another request takes the slot first.
async fn receive<F: Future>(slot: Option<Slot>, body: F) -> Option<F::Output> {
    let Some(slot) = slot else {
        return Some(body.await);
    };
    slot.wait();
    let received = tokio::select! {
        biased;
        received = body => Some(received),
        () = slot.displaced() => None,
    };
    slot.work();
    received
}

/// Whether the content type is `application/json` or `application/*+json`, with no charset other than UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    // The usual value, without allocations.
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

/// Whether the body has a content coding other than `identity` (RFC 9110, section 8.4).
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| {
        // A value that is not a string is an unknown coding.
        let codings = value.to_str().unwrap_or("?").split(',').map(str::trim);
        let mut others =
            codings.filter(|it| !it.is_empty() && !it.eq_ignore_ascii_case("identity"));
        others.next().is_some()
    })
}
