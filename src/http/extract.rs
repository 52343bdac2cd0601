//! Extractors that every feature shares; what they refuse is a problem document.

use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use uuid::Uuid;

use super::parameters;
use super::{Limits, Problem, ProblemType};
use crate::db::Deadline;
use crate::values;

/// The parameter `name` of a path. One that is not UTF-8 names nothing: 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment(pub String);

/// The parameter `id` of a path. One that is no UUID names nothing: 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub Uuid);

/// What stands before a path: nothing, or `/v1`, as the request had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix(pub &'static str);

/// A parameter of a path, decoded.
///
/// # Errors
/// 404 for one that is not UTF-8.
pub async fn parameter<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &str,
) -> Result<String, Problem> {
    let nothing = || Problem::Plain(ProblemType::NotFound);
    let parameters = RawPathParams::from_request_parts(parts, state).await;
    let parameters = parameters.map_err(|_| nothing())?;
    let mut named = parameters.iter().filter(|(key, _)| *key == name);
    named
        .next()
        .map(|(_, value)| value.to_owned())
        .ok_or_else(nothing)
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
        let schema = parameters::text(Some("uuid"), example);
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

    /// The edge gives each request its own; without an edge, that of the default limits holds.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = parts.extensions.get::<Self>().copied();
        Ok(given.unwrap_or_else(|| Self::after(Limits::default().request)))
    }
}
