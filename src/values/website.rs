//! Absolute web addresses.

use validator::ValidateUrl;

use super::length;
use crate::validation::{Code, Fault, quote};

/// An absolute http or https URL of up to 2,000 characters, stored as sent.
///
/// # Errors
/// `length` or `format`.
pub fn absolute_url<'s, T: From<&'s str>>(sent: &'s str) -> Result<T, Fault> {
    let url: &str = length(sent, 1, 2_000)?;
    let scheme = url
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("http" | "https")) && url.validate_url() {
        return Ok(url.into());
    }
    Err(Fault::new(
        Code::Format,
        format!(
            "\"{}\" is not a web address, such as https://example.com.",
            quote(sent)
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::absolute_url;

    #[test]
    fn is_absolute_and_of_the_web() {
        assert!(absolute_url::<&str>("HTTPS://example.com/a?b#c").is_ok());
        for sent in [
            "example.com",
            "ftp://example.com",
            "mailto:a@b.c",
            "javascript://x",
            "http://",
        ] {
            assert!(absolute_url::<&str>(sent).is_err(), "{sent}");
        }
    }
}
