//! The idempotency key of a request and the hash of the request.

use axum::http::{Method, Uri};
use sha2::{Digest, Sha256};

/// A key and the request that it identifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub key: String,
    /// The SHA-256 of method, path without `/v1`, and body.
    pub request_hash: [u8; 32],
}

impl Claim {
    /// Creates the claim of a request. The router has removed a trailing slash from the path.
    pub fn new(key: String, method: &Method, uri: &Uri, body: &[u8]) -> Self {
        let path = uri.path();
        let path = path
            .strip_prefix("/v1")
            .filter(|it| it.starts_with('/'))
            .unwrap_or(path);
        let mut hash = Sha256::new();
        for part in [method.as_str(), " ", path, "\n"] {
            hash.update(part);
        }
        hash.update(body);
        Self {
            key,
            request_hash: hash.finalize().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_method_path_and_body() {
        let claim = |path: &'static str, body: &[u8]| {
            let uri = Uri::from_static(path);
            Claim::new("k".to_owned(), &Method::POST, &uri, body).request_hash
        };
        assert_eq!(claim("/cases", b"{}"), claim("/v1/cases", b"{}"));
        assert_ne!(claim("/cases", b"{}"), claim("/cases", b"{ }"));
        assert_ne!(claim("/tags", b"{}"), claim("/cases", b"{}"));
        assert_ne!(claim("/v1cases", b"{}"), claim("/cases", b"{}"));
    }
}
