//! `If-Match`: a write that must not overwrite somebody else's.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::http::described;

/// The versions for which a request was made (RFC 9110, section 13.1.1); without the header, any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// Whether the request was made for this version. Weak tags never match.
    pub fn admits(&self, version: i64) -> bool {
        let current = format!("\"{version}\"");
        self.0
            .as_ref()
            .is_none_or(|tags| tags.iter().any(|tag| tag == "*" || *tag == current))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut sent = parts.headers.get_all(IF_MATCH).iter().peekable();
        if sent.peek().is_none() {
            return Ok(Self(None));
        }
        // What is not text is the tag of no version.
        let tags = sent
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|tag| tag.trim().to_owned());
        Ok(Self(Some(tags.collect())))
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "The `ETag` of the case for which this is meant; for another version the answer is 412. \
                     Without it, any version.";
        let schema = described::text(None, "\"1\"");
        vec![described::header("If-Match", about, schema)]
    }
}

#[cfg(test)]
mod tests {
    use super::IfMatch;

    #[test]
    fn admits_its_versions_alone() {
        assert!(IfMatch(None).admits(7));
        let tags = |tags: &[&str]| IfMatch(Some(tags.iter().map(ToString::to_string).collect()));
        assert!(tags(&["\"6\"", "\"7\""]).admits(7));
        assert!(tags(&["*"]).admits(7));
        for stale in [&["\"6\""][..], &["W/\"7\""], &["7"], &[]] {
            assert!(!tags(stale).admits(7), "{stale:?}");
        }
    }
}
