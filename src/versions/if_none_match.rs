//! `If-None-Match`: a read that returns a body only if the version has changed.

use axum::extract::FromRequestParts;
use axum::http::header::IF_NONE_MATCH;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::entity_tag::{EntityTag, entity_tags};
use crate::http::{Problem, parameters};
use crate::validation::{Code, Fault};

/// The versions that the client has (RFC 9110, section 13.1.2). Without the header, there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfNoneMatch(Vec<EntityTag>);

impl IfNoneMatch {
    /// Whether the client sent no version.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the client has this version. Weak tags match too.
    pub fn has(&self, version: i64) -> bool {
        let current = version.to_string();
        self.0.iter().any(|tag| match tag {
            EntityTag::Any => true,
            EntityTag::Strong(text) | EntityTag::Weak(text) => *text == current,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if !parts.headers.contains_key(IF_NONE_MATCH) {
            return Ok(Self(Vec::new()));
        }
        let tags = entity_tags(parts.headers.get_all(IF_NONE_MATCH));
        tags.map(Self).map_err(|error| {
            Problem::header("If-None-Match", Fault::new(Code::Format, error.to_string()))
        })
    }
}

impl IntoParams for IfNoneMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "The `ETag` of the response that the client has. If the current one is the same, the response is \
                     304 without a body.";
        let schema = parameters::string(None, "\"1\"");
        vec![parameters::header("If-None-Match", about, schema)]
    }
}
