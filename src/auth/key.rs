//! API keys and the headers that contain them.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::values::hex;

/// The longest key, in bytes. Longer strings are refused before they are hashed.
const LONGEST: usize = 256;

/// The id and the hash of an API key that was sent. The key itself is not kept.
pub struct ApiKey {
    id: String,
    hash: [u8; 32],
}

impl ApiKey {
    /// Hashes a key. The id is the second part of `dossier_ID_SECRET`; for any other string it is the first 8 bytes of
    /// the hash, in hexadecimal digits.
    pub fn new(text: &str) -> Self {
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let mut parts = text.splitn(3, '_');
        let id = match (parts.next(), parts.next(), parts.next()) {
            (Some("dossier"), Some(id), Some(_)) => id.to_owned(),
            _ => hash
                .first_chunk::<8>()
                .map(|it| hex(it))
                .unwrap_or_default(),
        };
        Self { id, hash }
    }

    /// Returns the public id, which finds the row.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the SHA-256 of the key, which is stored.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Compares the hash in constant time.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.hash.ct_eq(stored).into()
    }
}

/// Returns the API key of a request: a bearer token (RFC 6750), `X-Api-Key` or `X-Dotfile-Api-Key`. Returns `None` if
/// there is none, or if two headers have different keys.
pub fn credentials(headers: &HeaderMap) -> Option<ApiKey> {
    let bearer = headers.get_all(AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then_some(token.trim())
    });
    let named = ["x-api-key", "x-dotfile-api-key"]
        .into_iter()
        .flat_map(|name| headers.get_all(name))
        .filter_map(|value| value.to_str().ok().map(str::trim));
    let mut keys = bearer.chain(named);
    let first = keys
        .next()
        .filter(|key| !key.is_empty() && key.len() <= LONGEST)?;
    keys.all(|other| other == first).then(|| ApiKey::new(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_id_and_compares_the_hash() {
        let key = ApiKey::new("dossier_ab12_secret_with_underscore");
        assert_eq!(key.id(), "ab12");
        assert!(key.matches(ApiKey::new("dossier_ab12_secret_with_underscore").hash()));
        assert!(!key.matches(ApiKey::new("dossier_ab12_other").hash()));
        assert_eq!(ApiKey::new("dossier_sandbox").id().len(), 16);
    }
}
