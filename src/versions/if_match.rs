//! `If-Match`: a write that must not overwrite somebody else's.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::entity_tag::{EntityTag, TagsError, entity_tags};
use crate::http::{Problem, ProblemType, parameters};
use crate::validation::{Code, Fault};

/// The versions for which a request was made (RFC 9110, section 13.1.1); without the header, any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<EntityTag>>);

impl IfMatch {
    /// Why a request was not made for this version, if it was not. Weak tags never match.
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
        let about = "The `ETag` of the case for which this is meant; for another version the answer is 412. \
                     Without it, any version.";
        let schema = parameters::text(None, "\"1\"");
        vec![parameters::header("If-Match", about, schema)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_its_versions_alone() {
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
