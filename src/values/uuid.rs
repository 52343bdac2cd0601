//! UUIDs as clients send them.

use uuid::Uuid;

use crate::validation::{Code, Fault, quote};

/// Parses a UUID in its usual form with hyphens (RFC 9562, section 4), in upper or lower case.
///
/// # Errors
/// Returns a fault with `format` for every other form.
pub fn uuid(sent: &str) -> Result<Uuid, Fault> {
    let parsed = (sent.len() == 36)
        .then(|| Uuid::try_parse(sent).ok())
        .flatten();
    parsed.ok_or_else(|| {
        Fault::new(
            Code::Format,
            format!(
                "\"{}\" is not a UUID, such as 018f3b7e-5c1a-7d3e-9a44-2f1b6c8d9e10.",
                quote(sent)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_the_form_with_hyphens() {
        assert!(uuid("018F3B7E-5C1A-7D3E-9A44-2F1B6C8D9E10").is_ok());
        assert!(uuid("018f3b7e5c1a7d3e9a442f1b6c8d9e10").is_err());
        assert!(uuid("{018f3b7e-5c1a-7d3e-9a44-2f1b6c8d9e1}").is_err());
    }
}
