//! Extractors for all features. They reject with problem documents.

use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use uuid::Uuid;

use super::parameters;
use super::{Limits, Problem, ProblemType};
use crate::db::Deadline;
use crate::values;

/// The path parameter `name`. Rejects with 404 if it is not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment(pub String);

/// The path parameter `id`. Rejects with 404 if it is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub Uuid);

/// The version prefix of the request path: `/v1` or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix(pub &'static str);

/// Returns a decoded path parameter.
///
/// # Errors
/// Returns `NotFound` (404) if it is not UTF-8 or the route does not have it.
pub async fn parameter<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &str,
) -> Result<String, Problem> {
    let not_found = || Problem::Plain(ProblemType::NotFound);
    let parameters = RawPathParams::from_request_parts(parts, state).await;
    let parameters = parameters.map_err(|_| not_found())?;
    let mut named = parameters.iter().filter(|(key, _)| *key == name);
    named
        .next()
        .map(|(_, value)| value.to_owned())
        .ok_or_else(not_found)
}

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        parameter(parts, state, "name").await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = parameter(parts, state, "id").await?;
        let id = values::uuid(&text);
        id.map(Self)
            .map_err(|_| Problem::Plain(ProblemType::NotFound))
    }
}

impl IntoParams for Id {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let example = "0198a000-0000-4000-8000-000000000201";
        let schema = parameters::string(Some("uuid"), example);
        vec![parameters::path("id", "Its id.", schema)]
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

    /// Returns the deadline that the edge has set, or that of the default limits.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = parts.extensions.get::<Self>().copied();
        Ok(given.unwrap_or_else(|| Self::after(Limits::default().request)))
    }
}
