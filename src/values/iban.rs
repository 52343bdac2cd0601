//! International bank account numbers.

use std::fmt::Write;

use arrayvec::ArrayString;
use iban::ParseIbanError;

use super::characters::{code, first_named, is_of_code};
use super::text_value;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// An account number of ISO 13616, without spaces and upper case: the country's structure and
    /// the check digits hold. Of a country outside the registry, the check digits alone.
    Iban within 34
}

impl Iban {
    /// What a member that holds one may be.
    pub fn shape() -> Shape {
        let form = r"^\s*[A-Za-z]\s*[A-Za-z]\s*[0-9]\s*[0-9][A-Za-z0-9\s]+$";
        shape::format("iban")
            .matching(form)
            .example("FR7630006000011234567890189")
    }

    /// Takes a number in any case. White space, hyphens and characters that show nothing are dropped.
    ///
    /// # Errors
    /// `format` where the form is wrong, `checksum` where only the check digits are.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        if let Some(other) = first_named(sent, |c| !is_of_code(c)) {
            let why = format!("it has letters, digits and spaces alone; {other} was found");
            return Err(malformed(sent, &why));
        }
        let number = code::<34>(sent).filter(|number| number.len() >= 15);
        let Some(number) = number else {
            return Err(malformed(sent, "an IBAN has 15 to 34 letters and digits"));
        };
        let Some((country, digits, account)) = parts(&number) else {
            return Err(malformed(
                sent,
                "it begins with two letters and two check digits, then letters and digits",
            ));
        };
        // With the digits that would be right, only the structure of the country can be wrong.
        let right = check_digits(country, account);
        if !is_structured(country, account, right) {
            let why = "its length or characters are not those of its country";
            return Err(malformed(sent, why));
        }
        if digits.parse() == Ok(right) {
            return Ok(Self(number));
        }
        Err(Fault::new(
            Code::Checksum,
            format!(
                "The check digits of this IBAN do not match: {} should be checked for a typing \
                 error.",
                elided(&number)
            ),
        ))
    }
}

/// Country, check digits and account number, if the text has the form of an IBAN.
fn parts(number: &str) -> Option<(&str, &str, &str)> {
    let (country, rest) = number.split_at_checked(2)?;
    let (digits, account) = rest.split_at_checked(2)?;
    let is_formed = country.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && account
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_formed.then_some((country, digits, account))
}

/// The check digits of an account (ISO 7064, MOD 97-10): 02 to 98.
fn check_digits(country: &str, account: &str) -> u32 {
    let digits = account.chars().chain(country.chars()).chain("00".chars());
    let remainder = digits.fold(0, |remainder, c| match c.to_digit(36).unwrap_or(0) {
        digit @ 0..=9 => (remainder * 10 + digit) % 97,
        letter => (remainder * 100 + letter) % 97,
    });
    98 - remainder
}

/// Whether the account has the structure that the registry gives its country. A country outside the
/// registry has none to hold.
fn is_structured(country: &str, account: &str, digits: u32) -> bool {
    // Countries of the registry that the library does not have: four letters, then the account.
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
        // It cannot be longer than what was sent.
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
    fn check_digits_have_one_form() {
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
        // The same remainder as 02, and no check digits.
        let two = (0..10_000_u32)
            .map(|n| format!("{n:018}"))
            .find(|account| check_digits("DE", account) == 2)
            .unwrap();
        assert!(Iban::parse(&format!("DE02{two}")).is_ok());
        let other = Iban::parse(&format!("DE99{two}")).unwrap_err();
        assert_eq!(other.code, Code::Checksum);
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
