//! The base of the paths of this server, which a proxy can change.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// Maximum length of the path of a base, in bytes.
const MAX_PATH: usize = 200;

/// The path and the URL under which the client of a request reaches this server. Empty without a proxy prefix or a
/// public URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base {
    pub(super) path: Arc<str>,
    pub(super) url: Arc<str>,
}

impl Base {
    /// The path prefix, without a trailing slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The URL, absolute if the public URL is known, else equal to the path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds the path prefix to the links of a page. Only attributes contain `="/`, because quotes in text are escaped.
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

/// Returns a path prefix without its trailing slash. Returns `None` if it is unsafe or too long.
pub(super) fn path(text: &str) -> Option<&str> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let segments = path.strip_prefix('/')?.split('/');
    let is_segment = |it: &str| {
        let mut bytes = it.bytes();
        !matches!(it, "" | "." | "..")
            && bytes.all(|it| it.is_ascii_alphanumeric() || b"-._~".contains(&it))
    };
    let is_path = path.len() <= MAX_PATH && segments.into_iter().all(is_segment);
    is_path.then_some(path)
}
