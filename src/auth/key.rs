//! The text of a key, and where a request carries it.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::values::hex;

/// No key is longer; what is, is not worth hashing.
const LONGEST: usize = 256;

/// A key as it was sent: never shown, compared by its hash.
pub struct ApiKey {
    id: String,
    hash: [u8; 32],
}

impl ApiKey {
    /// The key of a text. `dossier_ID_SECRET` carries its id; of any other text the id is made
    /// from the hash.
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

    /// What finds the row.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is stored of the key.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Compares in constant time.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.hash.ct_eq(stored).into()
    }
}

/// The one key that a request carries: as a bearer token (RFC 6750), or in a header of its own.
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
    fn a_key_is_found_by_its_id_and_held_against_its_hash() {
        let key = ApiKey::new("dossier_ab12_secret_with_underscore");
        assert_eq!(key.id(), "ab12");
        assert!(key.matches(ApiKey::new("dossier_ab12_secret_with_underscore").hash()));
        assert!(!key.matches(ApiKey::new("dossier_ab12_other").hash()));
        assert_eq!(ApiKey::new("dossier_sandbox").id().len(), 16);
    }
}
