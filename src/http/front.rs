//! The front of the server: public URL, trusted proxies, and CORS.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderName, Method};
use ipnet::IpNet;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::base::{Base, path};
use super::front_settings::{Origin, PublicUrl};

/// The header in which a proxy sends the path prefix that it has removed.
pub const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
/// How long a browser caches a preflight response.
const PREFLIGHT_AGE: Duration = Duration::from_secs(60 * 60);
/// The proxies and browser applications in front of a server. By default there are none.
#[derive(Debug, Clone, Default)]
pub struct Front {
    /// The URL under which clients reach the server.
    pub public_url: Option<PublicUrl>,
    /// The proxies whose `X-Forwarded-Prefix` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The origins that can call the API from a browser.
    pub cors_origins: Vec<Origin>,
}

/// The remote address of a connection, which can be a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Front {
    /// Returns the base of a request: the public URL, else the prefix that a trusted proxy sends.
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

    /// Whether responses depend on the prefix header of a proxy.
    pub(super) fn depends_on_proxy(&self) -> bool {
        self.public_url.is_none() && !self.trusted_proxies.is_empty()
    }

    /// The CORS layer. Returns `None` without origins. Browser credentials are not allowed, because API keys are sent
    /// in headers.
    pub fn cors(&self) -> Option<CorsLayer> {
        if self.cors_origins.is_empty() {
            return None;
        }
        let origins = if self.cors_origins.contains(&Origin::any()) {
            AllowOrigin::any()
        } else {
            AllowOrigin::list(self.cors_origins.iter().map(|it| it.0.clone()))
        };
        let header = |name| HeaderName::from_static(name);
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
                header("idempotency-key"),
                header("traceparent"),
                header("tracestate"),
                header("x-api-key"),
                header("x-dotfile-api-key"),
                header("x-request-id"),
            ])
            .expose_headers([
                ETAG,
                LOCATION,
                RETRY_AFTER,
                header("idempotent-replayed"),
                header("ratelimit"),
                header("ratelimit-policy"),
                header("x-request-id"),
            ])
            .max_age(PREFLIGHT_AGE);
        Some(cors)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn trusts_only_the_configured_proxies() {
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
