//! International bank account numbers.

use iban::{ParseBaseIbanError, ParseIbanError};

use super::text_value;
use crate::validation::{Code, Fault, quote};

text_value! {
    /// An account number of ISO 13616, without spaces and upper case: the country's structure and
    /// the check digits hold. Of a country outside the registry, the check digits alone.
    Iban
}

impl Iban {
    /// Takes a number in any case, with or without spaces.
    ///
    /// # Errors
    /// `format` where the form is wrong, `checksum` where only the check digits are.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let number: String = sent
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        if !(15..=34).contains(&number.len()) {
            return Err(malformed(sent, "an IBAN has 15 to 34 letters and digits"));
        }
        match number.parse::<iban::Iban>() {
            Ok(_) | Err(ParseIbanError::UnknownCountry(_)) => Ok(Self(number)),
            Err(ParseIbanError::InvalidBban(_)) => Err(malformed(
                sent,
                "its length or characters are not those of its country",
            )),
            Err(ParseIbanError::InvalidBaseIban {
                source: ParseBaseIbanError::InvalidChecksum,
            }) => Err(Fault::new(
                Code::Checksum,
                format!(
                    "The check digits of this IBAN do not match: {} should be checked for a \
                         typing error.",
                    elided(&number)
                ),
            )),
            Err(ParseIbanError::InvalidBaseIban { .. }) => Err(malformed(
                sent,
                "it begins with two letters and two check digits, then letters and digits",
            )),
        }
    }
}

fn malformed(sent: &str, why: &str) -> Fault {
    let sent = quote(sent);
    Fault::new(
        Code::Format,
        format!("\"{sent}\" is not an IBAN: {why}, such as FR7630006000011234567890189."),
    )
}

/// The first two groups and the last three characters.
fn elided(number: &str) -> String {
    match (
        number.get(..4),
        number.get(4..8),
        number.get(number.len().saturating_sub(3)..),
    ) {
        (Some(first), Some(second), Some(last)) => format!("{first} {second} … {last}"),
        _ => quote(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_structure_and_check_digits() {
        let iban = Iban::parse("fr76 3000 6000 0112 3456 7890 189").unwrap();
        assert_eq!(iban.as_str(), "FR7630006000011234567890189");
        let typo = Iban::parse("FR7630006000011234567890180").unwrap_err();
        assert_eq!(typo.code, Code::Checksum);
        assert!(typo.message.contains("FR76 3000 … 180"), "{}", typo.message);
        for sent in [
            "FR76",
            "hello world again",
            "7630006000011234567890189",
            "ÉR76300060000112",
        ] {
            assert_eq!(Iban::parse(sent).unwrap_err().code, Code::Format, "{sent}");
        }
    }

    #[test]
    fn a_country_outside_the_registry_needs_check_digits_alone() {
        let number = (2..=98)
            .map(|digits| format!("ZZ{digits:02}12345678901"))
            .find(|number| number.parse::<iban::BaseIban>().is_ok())
            .unwrap();
        assert!(Iban::parse(&number).is_ok());
    }
}
