//! Entity legal form codes.

use arrayvec::ArrayString;

use super::text_value;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// An entity legal form code (ISO 20275): four characters of A-Z and 0-9.
    EntityLegalForm within 4
}

impl EntityLegalForm {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        shape::text(4, 4).matching("^[A-Z0-9]{4}$").example("6CHY")
    }

    /// Parses a code. Lower-case letters are not accepted.
    ///
    /// # Errors
    /// Returns `format` if the string is not four upper-case letters and digits.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let is_formed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if let Ok(code) = ArrayString::from(sent)
            && code.is_full()
            && code.bytes().all(is_formed)
        {
            return Ok(Self(code));
        }
        Err(Fault::new(
            Code::Format,
            format!(
                "\"{}\" is not an entity legal form code (ISO 20275): four characters of A-Z and \
                 0-9, such as 8888.",
                quote(sent)
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::EntityLegalForm;

    #[test]
    fn is_four_upper_case_letters_and_digits() {
        assert!(EntityLegalForm::parse("6CHY").is_ok());
        for sent in ["6chy", "6CH", "6CHYY", "É12"] {
            assert!(EntityLegalForm::parse(sent).is_err(), "{sent}");
        }
    }
}
