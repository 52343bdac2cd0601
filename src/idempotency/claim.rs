//! What a request with a key claims.

use axum::http::{Method, Uri};
use sha2::{Digest, Sha256};

/// A key, and the request that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub key: String,
    /// The SHA-256 of method, path and body; `/v1` does not count.
    pub request_hash: [u8; 32],
}

impl Claim {
    /// The claim of a request. The path has no slash at its end any more.
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
    fn a_request_is_its_method_its_path_and_its_body() {
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
