//! Responses to writes.

use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use super::Problem;
use crate::json;

/// The successful response to a write. It is built before the commit, so that it can be stored with an idempotency key
/// and replayed byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteResponse {
    pub status: StatusCode,
    /// The path of the created resource.
    pub location: Option<String>,
    /// The version of the case, for `ETag`.
    pub version: Option<i64>,
    /// JSON, or empty.
    pub body: Bytes,
}

impl WriteResponse {
    /// Creates a response with a JSON body.
    ///
    /// # Errors
    /// Returns [`Problem::Encode`] if the view has no JSON form.
    pub fn json(status: StatusCode, view: &impl Serialize) -> Result<Self, Problem> {
        let body = json::to_vec(view).map_err(Problem::Encode)?;
        Ok(Self {
            body: body.into(),
            ..Self::empty(status)
        })
    }

    /// Creates a response without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            location: None,
            version: None,
            body: Bytes::new(),
        }
    }

    /// Sets `Location`.
    #[must_use]
    pub fn with_location(self, location: String) -> Self {
        Self {
            location: Some(location),
            ..self
        }
    }

    /// Sets the version of the case.
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

/// Sets the version of the case as a strong entity tag (RFC 9110, section 8.8.3).
fn with_etag(version: i64, mut response: Response) -> Response {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
