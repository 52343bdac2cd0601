//! Keys of templates, custom properties and options.

use super::text_value;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// The key of a template, a custom property or an option: 1 to 100 characters of `A-Z a-z 0-9 _ - .`, which need
    /// no escaping in a path or a filter.
    Key
}

impl Key {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        shape::text(1, 100).matching("^[A-Za-z0-9_.-]+$")
    }

    /// Parses a key.
    ///
    /// # Errors
    /// Returns `format` if the length or a character is not allowed.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let formed = (1..=100).contains(&sent.len())
            && sent
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if formed {
            return Ok(Self(sent.into()));
        }
        let message = format!(
            "\"{}\" is not a key: 1 to 100 characters of A-Z, a-z, 0-9, _, - and ., such as kyb_standard.",
            quote(sent)
        );
        Err(Fault::new(Code::Format, message))
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn needs_no_escaping_anywhere() {
        assert!(Key::parse("kyb_standard-2.1").is_ok());
        for sent in ["", "a b", "a/b", "é", &"a".repeat(101)] {
            assert!(Key::parse(sent).is_err(), "{sent}");
        }
    }
}
