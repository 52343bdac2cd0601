//! The settings of clients and proxies: the public URL and the origins of browser applications.

use std::str::FromStr;

use axum::http::{HeaderValue, Uri};
use thiserror::Error;

use super::base::{Base, path};

/// The URL under which clients reach the server, such as `https://example.com/kyb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(pub(super) Base);

/// The origin of a page (RFC 6454, section 6.2), such as `https://desk.example.com`, or `*` for every origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub(super) HeaderValue);

/// Why a setting is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrontError {
    #[error(
        "write an http or https URL with a host and an optional path, such as https://example.com/kyb"
    )]
    Url,
    #[error(
        "write comma-separated origins, each an http or https scheme and a host without a path, such as \
         https://desk.example.com, or * for every origin"
    )]
    Origin,
}

impl FromStr for PublicUrl {
    type Err = FrontError;

    fn from_str(text: &str) -> Result<Self, FrontError> {
        let uri = web_url(text).ok_or(FrontError::Url)?;
        if uri.query().is_some() || text.contains('#') {
            return Err(FrontError::Url);
        }
        let path = match uri.path() {
            "/" => "",
            other => path(other).ok_or(FrontError::Url)?,
        };
        Ok(Self(Base {
            path: path.into(),
            url: text.trim_end_matches('/').into(),
        }))
    }
}

impl Origin {
    pub(super) fn any() -> Self {
        Self(HeaderValue::from_static("*"))
    }
}

impl FromStr for Origin {
    type Err = FrontError;

    fn from_str(text: &str) -> Result<Self, FrontError> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::any());
        }
        let uri = web_url(text).ok_or(FrontError::Origin)?;
        let is_origin = uri.path() == "/" && uri.query().is_none() && !text.ends_with('/');
        let text = text.to_ascii_lowercase();
        let value = HeaderValue::try_from(text).ok().filter(|_| is_origin);
        value.map(Self).ok_or(FrontError::Origin)
    }
}

/// Parses an `http` or `https` URL with a host and without a user.
fn web_url(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_host = uri.host().is_some_and(|it| !it.is_empty());
    let has_user = uri.authority().is_some_and(|it| it.as_str().contains('@'));
    (is_web && has_host && !has_user).then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_public_urls() {
        for (text, path, url) in [
            (
                "https://example.com/kyb/",
                "/kyb",
                "https://example.com/kyb",
            ),
            ("http://127.0.0.1:8080", "", "http://127.0.0.1:8080"),
            ("https://example.com/a/b", "/a/b", "https://example.com/a/b"),
        ] {
            let PublicUrl(base) = text.parse().unwrap();
            assert_eq!((base.path(), base.url()), (path, url));
        }
        for text in [
            "example.com/kyb",
            "/kyb",
            "ftp://a",
            "https://a/?b",
            "https://a/b#c",
            "https://u@a",
            "https://a//b",
            "https://a/../b",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(FrontError::Url), "{text}");
        }
    }

    #[test]
    fn parses_origins() {
        for text in ["https://desk.example.com", "http://localhost:5173", "*"] {
            assert!(text.parse::<Origin>().is_ok(), "{text}");
        }
        for text in [
            "desk.example.com",
            "https://a/",
            "https://a/b",
            "null",
            "https://u@a",
            "",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(FrontError::Origin), "{text}");
        }
    }
}
