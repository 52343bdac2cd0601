//! The path parameters of custom properties.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::request::TARGETS;
use super::{Target, target};
use crate::http::{Problem, ProblemType, parameter, parameters};

/// The target in a path. Any other string is 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetPath(pub Target);

/// The target and the key in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyPath {
    pub target: Target,
    pub key: String,
}

impl<S: Send + Sync> FromRequestParts<S> for TargetPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let word = parameter(parts, state, "target").await?;
        let target = target(&word);
        target
            .map(Self)
            .map_err(|_| Problem::Plain(ProblemType::NotFound))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PropertyPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let TargetPath(target) = TargetPath::from_request_parts(parts, state).await?;
        let key = parameter(parts, state, "key").await?;
        // PostgreSQL refuses a string with NUL, and no key contains it.
        if key.contains('\0') {
            return Err(Problem::Plain(ProblemType::NotFound));
        }
        Ok(Self { target, key })
    }
}

impl IntoParams for TargetPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut schema = parameters::string(None, "case");
        schema.enum_values = Some(TARGETS.map(|(word, _)| word.into()).to_vec());
        vec![parameters::path(
            "target",
            "Kind of object that has the property.",
            schema,
        )]
    }
}

impl IntoParams for PropertyPath {
    fn into_params(within: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = TargetPath::into_params(within);
        let schema = parameters::string(None, "risk_score");
        parameters.push(parameters::path("key", "The key of the property.", schema));
        parameters
    }
}
