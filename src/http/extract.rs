//! Extractors that every feature shares; what they refuse is a problem document.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, OriginalUri, Path};
use axum::http::request::Parts;

use super::{Limits, Problem, ProblemType};
use crate::db::Deadline;

/// The one parameter of a path. One that is not UTF-8 names nothing: 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment(pub String);

/// What stands before a path: nothing, or `/v1`, as the request had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix(pub &'static str);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        match path {
            Ok(Path(segment)) => Ok(Self(segment)),
            Err(_) => Err(Problem::Plain(ProblemType::NotFound)),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Prefix {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(OriginalUri(uri)) = OriginalUri::from_request_parts(parts, state).await;
        Ok(Self(if uri.path().starts_with("/v1/") {
            "/v1"
        } else {
            ""
        }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Deadline {
    type Rejection = Problem;

    /// The edge gives each request its own; without an edge, that of the default limits holds.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = parts.extensions.get::<Self>().copied();
        Ok(given.unwrap_or_else(|| Self::after(Limits::default().request)))
    }
}
