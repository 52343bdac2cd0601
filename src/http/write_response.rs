//! What answers have in common.

use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use super::Problem;

/// The success of a write. That of a request with a key is made before the write is committed, so that it
/// can be stored with it and given again, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteResponse {
    pub status: StatusCode,
    /// Where what was made can be read.
    pub location: Option<String>,
    /// The version of the case that was written to.
    pub version: Option<i64>,
    /// JSON, or nothing.
    pub body: Bytes,
}

impl WriteResponse {
    /// An answer that shows something as JSON.
    ///
    /// # Errors
    /// None but those of a view that has no JSON form.
    pub fn json(status: StatusCode, view: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(view).map_err(Problem::Encode)?;
        Ok(Self {
            body: body.into(),
            ..Self::empty(status)
        })
    }

    /// An answer that shows nothing.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            location: None,
            version: None,
            body: Bytes::new(),
        }
    }

    /// The same, of something that can be read at `location`.
    #[must_use]
    pub fn with_location(self, location: String) -> Self {
        Self {
            location: Some(location),
            ..self
        }
    }

    /// The same, of a case that has this version now.
    #[must_use]
    pub fn with_version(self, version: i64) -> Self {
        Self {
            version: Some(version),
            ..self
        }
    }
}

impl IntoResponse for WriteResponse {
    fn into_response(self) -> Response {
        let is_empty = self.body.is_empty();
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        if is_empty {
            headers.remove(CONTENT_TYPE);
        } else {
            let json = HeaderValue::from_static("application/json");
            headers.insert(CONTENT_TYPE, json);
        }
        let location = self.location.and_then(|it| HeaderValue::try_from(it).ok());
        if let Some(location) = location {
            headers.insert(LOCATION, location);
        }
        match self.version {
            Some(version) => with_etag(version, response),
            None => response,
        }
    }
}

/// An answer with the version of its case as a strong entity tag (RFC 9110, section 8.8.3).
fn with_etag(version: i64, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
