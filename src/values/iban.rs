//! International bank account numbers.

use std::fmt::Write;

use arrayvec::ArrayString;
use iban::ParseIbanError;

use super::characters::{compact_code, describe_first, is_code_character};
use super::text_value;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// An IBAN (ISO 13616) in upper case without spaces, with correct check digits and the structure of its country.
    /// The structure is not checked for a country that is not in the registry.
    Iban within 34
}

impl Iban {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        let form = r"^\s*[A-Za-z]\s*[A-Za-z]\s*[0-9]\s*[0-9][A-Za-z0-9\s]+$";
        shape::format("iban")
            .matching(form)
            .example("FR7630006000011234567890189")
    }

    /// Parses a number in any case. White space, hyphens and invisible characters are removed.
    ///
    /// # Errors
    /// Returns `checksum` if only the check digits are wrong, and else `format`.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        if let Some(other) = describe_first(sent, |c| !is_code_character(c)) {
            let why = format!("it can contain only letters, digits and spaces; {other} was found");
            return Err(malformed(sent, &why));
        }
        let number = compact_code::<34>(sent).filter(|number| number.len() >= 15);
        let Some(number) = number else {
            return Err(malformed(sent, "it must have 15 to 34 letters and digits"));
        };
        let Some((country, digits, account)) = split(&number) else {
            return Err(malformed(
                sent,
                "it must begin with two letters and two check digits",
            ));
        };
        // The structure is checked with correct check digits, so that wrong ones are reported as `checksum`.
        let correct = check_digits(country, account);
        if !has_structure(country, account, correct) {
            let why = "its length or characters do not match its country";
            return Err(malformed(sent, why));
        }
        if digits.parse() == Ok(correct) {
            return Ok(Self(number));
        }
        Err(Fault::new(
            Code::Checksum,
            format!(
                "The check digits of this IBAN do not match. Check {} for a typing error.",
                shortened(&number)
            ),
        ))
    }
}

/// Splits a string with the form of an IBAN into country, check digits and account number.
fn split(number: &str) -> Option<(&str, &str, &str)> {
    let (country, rest) = number.split_at_checked(2)?;
    let (digits, account) = rest.split_at_checked(2)?;
    let is_formed = country.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && account
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_formed.then_some((country, digits, account))
}

/// Computes the check digits of an account number (ISO 7064, MOD 97-10): 02 to 98.
fn check_digits(country: &str, account: &str) -> u32 {
    let digits = account.chars().chain(country.chars()).chain("00".chars());
    let remainder = digits.fold(0, |remainder, c| match c.to_digit(36).unwrap_or(0) {
        digit @ 0..=9 => (remainder * 10 + digit) % 97,
        letter => (remainder * 100 + letter) % 97,
    });
    98 - remainder
}

/// Whether the account number has the structure of its country. True for a country that is not in the registry.
fn has_structure(country: &str, account: &str, digits: u32) -> bool {
    // Countries of the registry that the library lacks: four letters, then the account number.
    let missing = match country {
        "PK" => Some((20, false)),
        "HN" => Some((24, true)),
        _ => None,
    };
    if let Some((length, is_numeric)) = missing {
        let letters = account.bytes().take(4);
        let rest = account.bytes().skip(4);
        return account.len() == length
            && letters.into_iter().all(|byte| byte.is_ascii_uppercase())
            && (!is_numeric || rest.into_iter().all(|byte| byte.is_ascii_digit()));
    }
    let mut number = ArrayString::<34>::new();
    if write!(number, "{country}{digits:02}{account}").is_err() {
        // Unreachable: the number is as long as the one that was sent.
        return false;
    }
    match number.parse::<iban::Iban>() {
        Ok(_) | Err(ParseIbanError::UnknownCountry(_)) => true,
        Err(ParseIbanError::InvalidBban(_) | ParseIbanError::InvalidBaseIban { .. }) => false,
    }
}

fn malformed(sent: &str, why: &str) -> Fault {
    let sent = quote(sent);
    Fault::new(
        Code::Format,
        format!("\"{sent}\" is not an IBAN such as FR7630006000011234567890189: {why}."),
    )
}

/// The first two groups and the last three characters of a number.
fn shortened(number: &str) -> String {
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
    fn checks_structure_and_check_digits() {
        let iban = Iban::parse("fr76 3000 6000 0112 3456 7890 189").unwrap();
        assert_eq!(iban.as_str(), "FR7630006000011234567890189");
        let typo = Iban::parse("FR7630006000011234567890180").unwrap_err();
        assert_eq!(typo.code, Code::Checksum);
        assert!(typo.message().contains("FR76 3000 … 180"), "{typo:?}");
        for sent in [
            "FR76",
            "hello world again",
            "FR76300060000112345678901",
            "PK4511111111111111",
            "HN37123456789012345",
            "7630006000011234567890189",
            "ÉR76300060000112",
        ] {
            assert_eq!(Iban::parse(sent).unwrap_err().code, Code::Format, "{sent}");
        }
    }

    #[test]
    fn check_digits_are_02_to_98() {
        for sent in [
            "DE89370400440532013000",
            "GB82WEST12345698765432",
            "PK36SCBL0000001123456702",
            "HN88CABF00000000000250005469",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            assert!(Iban::parse(sent).is_ok(), "{sent}");
        }
        // 99 has the same remainder as 02, but is never a check digit.
        let two = (0..10_000_u32)
            .map(|n| format!("{n:018}"))
            .find(|account| check_digits("DE", account) == 2)
            .unwrap();
        assert!(Iban::parse(&format!("DE02{two}")).is_ok());
        let other = Iban::parse(&format!("DE99{two}")).unwrap_err();
        assert_eq!(other.code, Code::Checksum);
    }

    #[test]
    fn needs_only_check_digits_for_a_country_outside_the_registry() {
        let number = (2..=98)
            .map(|digits| format!("ZZ{digits:02}12345678901"))
            .find(|number| number.parse::<iban::BaseIban>().is_ok())
            .unwrap();
        assert!(Iban::parse(&number).is_ok());
    }
}
