//! Telephone numbers.

use arrayvec::ArrayString;
use phonenumber::Metadata;
use phonenumber::metadata::DATABASE;

use super::text_value;
use crate::validation::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// A telephone number of E.164, `+` and up to 15 digits, of a length that libphonenumber's
    /// metadata calls possible for its country code.
    PhoneNumber within 16
}

impl PhoneNumber {
    /// What a member that holds one may be.
    pub fn shape() -> Shape {
        let form = r"^[\s.()\[\]-]*\+[0-9\s.()\[\]-]+$";
        shape::format("e164").matching(form).example("+33612345678")
    }

    /// Takes an international number; spaces, dots, hyphens and brackets are dropped.
    ///
    /// # Errors
    /// `format`: no `+`, no such country code, or not as many digits as its numbers have.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let mut number = ArrayString::new();
        let fits = sent
            .chars()
            .filter(|c| !(c.is_whitespace() || matches!(c, '.' | '-' | '(' | ')' | '[' | ']')))
            .try_for_each(|c| number.try_push(c))
            .is_ok();
        match number.strip_prefix('+') {
            Some(digits) if fits && is_possible(digits) => Ok(Self(number)),
            Some(_) => Err(malformed(
                sent,
                "no number of that country code has these digits",
            )),
            None => Err(malformed(sent, "it must begin with + and the country code")),
        }
    }
}

fn is_possible(digits: &str) -> bool {
    // No country code begins with 0, and "033" would be read as the number 33.
    let is_formed = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_formed {
        return false;
    }
    // No country code is the beginning of another, so that the first that exists is the one.
    (1..=3)
        .filter_map(|length| digits.split_at_checked(length))
        .find_map(|(code, national)| {
            let regions = DATABASE.by_code(&code.parse::<u16>().ok()?)?;
            let length = u16::try_from(national.len()).ok()?;
            Some(regions.iter().any(|region| has_numbers_of(region, length)))
        })
        .unwrap_or(false)
}

/// Whether any kind of number of this region has so many digits. The metadata has no lengths for
/// a region as a whole: they are those of its kinds.
fn has_numbers_of(region: &Metadata, length: u16) -> bool {
    let kinds = region.descriptors();
    [
        kinds.fixed_line(),
        kinds.mobile(),
        kinds.toll_free(),
        kinds.premium_rate(),
        kinds.shared_cost(),
        kinds.personal_number(),
        kinds.voip(),
        kinds.pager(),
        kinds.uan(),
        kinds.voicemail(),
    ]
    .into_iter()
    .flatten()
    .any(|kind| kind.possible_length().contains(&length))
}

fn malformed(sent: &str, why: &str) -> Fault {
    let sent = quote(sent);
    Fault::new(
        Code::Format,
        format!("\"{sent}\" is not a telephone number of E.164: {why}, such as +33612345678."),
    )
}

#[cfg(test)]
mod tests {
    use super::PhoneNumber;

    #[test]
    fn is_e164_and_possible() {
        assert_eq!(
            PhoneNumber::parse("+33 (6) 12.34-56 78").unwrap().as_str(),
            "+33612345678"
        );
        assert!(PhoneNumber::parse("+12015550123").is_ok());
        assert!(
            PhoneNumber::parse("+390612345678").is_ok(),
            "Italy keeps its leading zero"
        );
        for sent in [
            "0612345678",
            "+33",
            "+336",
            "+999123456789",
            "+3361234567a",
            "+1201555012",
            "+033612345678",
            "+001 202 555 0123",
        ] {
            assert!(PhoneNumber::parse(sent).is_err(), "{sent}");
        }
    }
}
