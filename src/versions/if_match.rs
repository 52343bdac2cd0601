//! `If-Match`: prevents a write from overwriting another one.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::entity_tag::{EntityTag, TagsError, entity_tags};
use crate::http::{Problem, ProblemType, parameters};
use crate::validation::{Code, Fault};

/// The versions that a write accepts (RFC 9110, section 13.1.1). Without the header, it accepts any version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<EntityTag>>);

impl IfMatch {
    /// Returns the problem if the current version does not match. Weak tags never match.
    pub fn refusal(&self, version: i64) -> Option<ProblemType> {
        let tags = self.0.as_ref()?;
        let current = version.to_string();
        let is_current = |tag: &EntityTag| match tag {
            EntityTag::Any => true,
            EntityTag::Strong(text) => *text == current,
            EntityTag::Weak(_) => false,
        };
        if tags.iter().any(is_current) {
            None
        } else if tags.iter().any(|it| matches!(it, EntityTag::Weak(_))) {
            Some(ProblemType::WeakEntityTag)
        } else {
            Some(ProblemType::PreconditionFailed)
        }
    }

    fn of(headers: &HeaderMap) -> Result<Self, TagsError> {
        if !headers.contains_key(IF_MATCH) {
            return Ok(Self(None));
        }
        entity_tags(headers.get_all(IF_MATCH)).map(|tags| Self(Some(tags)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.headers).map_err(|error| {
            Problem::header("If-Match", Fault::new(Code::Format, error.to_string()))
        })
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "The `ETag` of the version that the client has. If the case has another version, the response is 412. \
                     Without this header, any version matches.";
        let schema = parameters::string(None, "\"1\"");
        vec![parameters::header("If-Match", about, schema)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_its_versions() {
        let refusal = |sent: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(IF_MATCH, value.parse().unwrap());
            }
            IfMatch::of(&headers).unwrap().refusal(7)
        };
        for current in [&[][..], &["\"6\", \"7\""], &["*"], &["W/\"7\"", "\"7\""]] {
            assert_eq!(refusal(current), None, "{current:?}");
        }
        assert_eq!(refusal(&["\"6\""]), Some(ProblemType::PreconditionFailed));
        assert_eq!(refusal(&["\"6,7\""]), Some(ProblemType::PreconditionFailed));
        assert_eq!(refusal(&["W/\"7\""]), Some(ProblemType::WeakEntityTag));
    }
}
