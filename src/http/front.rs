//! What stands between clients and this server: a path of its own, trusted proxies, browsers on other origins.

use std::convert::Infallible;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use ipnet::IpNet;
use thiserror::Error;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The header in which a proxy says which path it has taken away.
pub const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
/// How long a browser may keep what a preflight allows.
const PREFLIGHT: Duration = Duration::from_secs(60 * 60);
/// The longest path in front of this server, in bytes.
const LONGEST: usize = 200;

/// What stands in front of one server. By default nothing does.
#[derive(Debug, Clone, Default)]
pub struct Front {
    /// Where clients find the server.
    pub public_url: Option<PublicUrl>,
    /// Whose `X-Forwarded-Prefix` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The origins whose pages may call the API.
    pub cors_origins: Vec<Origin>,
}

/// The address of the client of a connection, which may be a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Where the paths of this server begin, as the client of one request sees it. Empty where nothing stands in front.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base {
    path: Arc<str>,
    url: Arc<str>,
}

impl Front {
    /// Where the paths begin for the client of a request: at the public URL, else where a trusted proxy says.
    pub(super) fn base(&self, headers: &HeaderMap, peer: Option<Peer>) -> Base {
        if let Some(PublicUrl(base)) = &self.public_url {
            return base.clone();
        }
        let Some(prefix) = headers.get(FORWARDED_PREFIX) else {
            return Base::default();
        };
        let is_trusted = peer.is_some_and(|peer| {
            self.trusted_proxies
                .iter()
                .any(|network| network.contains(&peer.0))
        });
        let path = prefix.to_str().ok().filter(|_| is_trusted).and_then(path);
        path.map_or_else(Base::default, |path| Base {
            path: path.into(),
            url: path.into(),
        })
    }

    /// Whether a proxy says where the paths begin, so that a response depends on its header.
    pub(super) fn depends_on_proxy(&self) -> bool {
        self.public_url.is_none() && !self.trusted_proxies.is_empty()
    }

    /// What lets pages of the origins call the API; none without origins. Keys travel in headers, so that no
    /// credentials of a browser are allowed.
    pub fn cors(&self) -> Option<CorsLayer> {
        if self.cors_origins.is_empty() {
            return None;
        }
        let origins = if self.cors_origins.contains(&Origin::any()) {
            AllowOrigin::any()
        } else {
            AllowOrigin::list(self.cors_origins.iter().map(|it| it.0.clone()))
        };
        let ours = |name| HeaderName::from_static(name);
        let cors = CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers([
                AUTHORIZATION,
                CONTENT_TYPE,
                IF_MATCH,
                IF_NONE_MATCH,
                ours("idempotency-key"),
                ours("traceparent"),
                ours("tracestate"),
                ours("x-api-key"),
                ours("x-dotfile-api-key"),
                ours("x-request-id"),
            ])
            .expose_headers([
                ETAG,
                LOCATION,
                RETRY_AFTER,
                ours("idempotent-replayed"),
                ours("ratelimit"),
                ours("ratelimit-policy"),
                ours("x-request-id"),
            ])
            .max_age(PREFLIGHT);
        Some(cors)
    }
}

impl Base {
    /// The path in front of the paths of this server, without a slash at its end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same as a URL, absolute where the public URL is known.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A page whose links lead to paths of this server, with links that lead there through what stands in front. In a
    /// page only attributes have such quotes: those of its text are escaped.
    pub fn link(&self, page: String) -> String {
        if self.path.is_empty() {
            return page;
        }
        page.replace("=\"/", &format!("=\"{}/", self.path))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// The URL under which clients find the server, such as `https://example.com/kyb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Base);

/// The origin of a page (RFC 6454, section 6.2), such as `https://desk.example.com`, or `*` for every origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

/// Why a setting cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrontError {
    #[error(
        "write an http or https URL with a host and perhaps a path, such as https://example.com/kyb"
    )]
    Url,
    #[error(
        "write origins separated by commas, each an http or https scheme and a host without a path, such as \
         https://desk.example.com, or * for every origin"
    )]
    Origin,
}

impl FromStr for PublicUrl {
    type Err = FrontError;

    fn from_str(text: &str) -> Result<Self, FrontError> {
        let uri = web(text).ok_or(FrontError::Url)?;
        if uri.query().is_some() || text.contains('#') {
            return Err(FrontError::Url);
        }
        let path = match uri.path() {
            "/" => "",
            sent => path(sent).ok_or(FrontError::Url)?,
        };
        Ok(Self(Base {
            path: path.into(),
            url: text.trim_end_matches('/').into(),
        }))
    }
}

impl Origin {
    fn any() -> Self {
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
        let uri = web(text).ok_or(FrontError::Origin)?;
        let is_origin = uri.path() == "/" && uri.query().is_none() && !text.ends_with('/');
        let text = text.to_ascii_lowercase();
        let value = HeaderValue::try_from(text).ok().filter(|_| is_origin);
        value.map(Self).ok_or(FrontError::Origin)
    }
}

/// A URL of the web with a host and without a user.
fn web(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_host = uri.host().is_some_and(|it| !it.is_empty());
    let has_user = uri.authority().is_some_and(|it| it.as_str().contains('@'));
    (is_web && has_host && !has_user).then_some(uri)
}

/// A path in front of this server without a slash at its end; none of one that could lead elsewhere.
fn path(text: &str) -> Option<&str> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let segments = path.strip_prefix('/')?.split('/');
    let is_segment = |it: &str| {
        let mut bytes = it.bytes();
        !matches!(it, "" | "." | "..")
            && bytes.all(|it| it.is_ascii_alphanumeric() || b"-._~".contains(&it))
    };
    let is_path = path.len() <= LONGEST && segments.into_iter().all(is_segment);
    is_path.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_public_urls() {
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
    fn reads_origins() {
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

    #[test]
    fn believes_trusted_proxies_alone() {
        let front = Front {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            ..Front::default()
        };
        let base = |prefix: &'static str, peer: &str| {
            let headers =
                HeaderMap::from_iter([(FORWARDED_PREFIX, HeaderValue::from_static(prefix))]);
            let peer = Peer(peer.parse().unwrap());
            front.base(&headers, Some(peer)).path().to_owned()
        };
        assert_eq!(base("/kyb", "10.1.2.3"), "/kyb");
        assert_eq!(base("/kyb/", "::1"), "/kyb");
        assert_eq!(base("/kyb", "192.0.2.1"), "");
        for prefix in [
            "kyb",
            "//evil.example",
            "/a b",
            "/a\"b",
            "/..",
            "/a/../b",
            "/",
        ] {
            assert_eq!(base(prefix, "10.1.2.3"), "", "{prefix}");
        }
    }
}
