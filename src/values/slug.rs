//! Slugs of spaces.

use super::text_value;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// The slug of a space: `space_` followed by twelve letters and digits.
    SpaceSlug
}

impl SpaceSlug {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        shape::text(18, 18)
            .matching("^space_[A-Za-z0-9]{12}$")
            .example("space_Sandbox00001")
    }

    /// Parses a slug.
    ///
    /// # Errors
    /// Returns `format` if the string is not such a slug.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let formed = sent.strip_prefix("space_").is_some_and(|rest| {
            rest.len() == 12 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if formed {
            return Ok(Self(sent.into()));
        }
        let message = format!(
            "\"{}\" is not the slug of a space: space_ followed by twelve letters and digits, such as \
             space_4f6Kq0ZtW2aB.",
            quote(sent)
        );
        Err(Fault::new(Code::Format, message))
    }
}

#[cfg(test)]
mod tests {
    use super::SpaceSlug;

    #[test]
    fn is_a_prefix_and_twelve_letters_and_digits() {
        assert!(SpaceSlug::parse("space_Sandbox00001").is_ok());
        for sent in [
            "Sandbox00001",
            "space_Sandbox0000",
            "space_Sandbox-0001",
            "space_Sandbox0000é",
        ] {
            assert!(SpaceSlug::parse(sent).is_err(), "{sent}");
        }
    }
}
