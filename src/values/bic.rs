//! Business identifier codes.

use std::sync::LazyLock;

use regex::Regex;
use validator::ValidateRegex;

use super::characters::{compact_code, describe_first, is_code_character};
use super::{Country, text_value};
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// A business identifier code (ISO 9362): 8 or 11 upper-case letters and digits.
    Bic within 11
}

static FORM: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$").ok());

impl Bic {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        let form = "^[A-Za-z0-9]{4}[A-Za-z]{2}[A-Za-z0-9]{2}([A-Za-z0-9]{3})?$";
        shape::text(8, 11).matching(form).example("BNPAFRPPXXX")
    }

    /// Parses a code in any case. White space, hyphens and invisible characters are removed.
    ///
    /// # Errors
    /// Returns `format` if the string is not an ISO 9362 code, or if characters 5 and 6 are not a country code.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        if let Some(code) = compact_code::<11>(sent) {
            let form = FORM.as_ref();
            if form.is_some_and(|form| code.as_str().validate_regex(form))
                && code.get(4..6).is_some_and(|it| Country::parse(it).is_ok())
            {
                return Ok(Self(code));
            }
        }
        let other = describe_first(sent, |c| !is_code_character(c));
        let found = other
            .map(|it| format!(" {it} was found."))
            .unwrap_or_default();
        Err(Fault::new(
            Code::Format,
            format!(
                "\"{}\" is not a BIC (ISO 9362): 8 or 11 letters and digits, with the country code \
                 at positions 5 and 6, such as BNPAFRPPXXX.{found}",
                quote(sent)
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Bic;

    #[test]
    fn accepts_8_or_11_characters_with_a_country() {
        assert_eq!(Bic::parse("bnpafrppxxx").unwrap().as_str(), "BNPAFRPPXXX");
        assert!(Bic::parse("BNPAFRPP").is_ok());
        for sent in [
            " BNPA FR PP",
            "BNPAFRPP\u{a0}",
            "ＢＮＰＡFRPP",
            "BNPA\u{2011}FRPP",
        ] {
            assert_eq!(Bic::parse(sent).unwrap().as_str(), "BNPAFRPP", "{sent}");
        }
        for sent in [
            "BNPAFRPPX",
            "BNPAZZPP",
            "BNPA1RPP",
            "ÉNPAFRPP",
            "BNPA\u{202e}FRPP",
        ] {
            assert!(Bic::parse(sent).is_err(), "{sent}");
        }
    }
}
