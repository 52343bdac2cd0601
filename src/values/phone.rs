//! Telephone numbers.

use arrayvec::ArrayString;

use super::characters::{
    describe_first, is_direction_override, is_hyphen, is_ignorable, to_half_width,
};
use super::numbering_plan::{NOT_A_NUMBER, Plan};
use super::text_value;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// An E.164 telephone number: `+` and up to 15 digits. Its length is possible for its country code, according to
    /// libphonenumber's metadata.
    PhoneNumber within 16
}

impl PhoneNumber {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        let form = r"^[\s.()\[\]-]*\+[0-9\s.()\[\]-]+$";
        shape::format("e164").matching(form).example("+33612345678")
    }

    /// Parses an international number. White space, dots, hyphens, brackets and invisible characters are removed. So is
    /// a `(0)` after the country code if it is the trunk prefix of that country.
    ///
    /// # Errors
    /// Returns `format` for another character, a missing `+`, an unknown country code, a number of digits that its
    /// numbers do not have, or a trunk prefix, which is dialled only inside the country.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let malformed = |why: &str| malformed(sent, why);
        let written = Digits::read(sent).map_err(|why| malformed(&why))?;
        let plan = Plan::find(&written.digits).ok_or_else(|| malformed(NOT_A_NUMBER))?;
        let national = written.digits.get(plan.code.len()..).unwrap_or_default();
        let abroad = national.strip_prefix('0').unwrap_or(national);
        let national = match written.zero_in_brackets {
            None if plan.has_trunk_prefix(national) => {
                let meant = plan.without_trunk_prefix(national);
                let meant = meant.and_then(|meant| plan.international(meant));
                let why = "it has a prefix that is dialled only inside the country; remove it after the country code";
                return Err(malformed(why).with_suggestion(meant.as_ref().map(ArrayString::as_str)));
            }
            None => national,
            Some(at) if at != plan.code.len() => {
                return Err(malformed("(0) can only follow the country code"));
            }
            Some(_) => match (plan.has(national), plan.has(abroad)) {
                (true, true) => {
                    let why = "it is a number with and without the (0); write the digits that are dialled from abroad";
                    return Err(malformed(why));
                }
                (true, false) => national,
                (false, _) if plan.has_trunk_zero(abroad) => abroad,
                (false, _) => {
                    let why = "numbers of that country code do not begin with (0); write the digits that are dialled \
                               from abroad";
                    return Err(malformed(why));
                }
            },
        };
        plan.check_length(national).map_err(malformed)?;
        let number = plan
            .international(national)
            .ok_or_else(|| malformed(NOT_A_NUMBER))?;
        Ok(Self(number))
    }
}

/// The digits of a number as it was sent.
struct Digits {
    /// The digits after the `+`: up to 15, as in E.164, and one more for a zero in brackets.
    digits: ArrayString<16>,
    /// How many digits precede a `(0)`, if there is one.
    zero_in_brackets: Option<usize>,
}

impl Digits {
    /// Reads the digits. Returns why it cannot.
    fn read(sent: &str) -> Result<Self, String> {
        let is_other = |c: char| {
            let c = to_half_width(c);
            is_direction_override(c)
                || !(c.is_ascii_digit()
                    || is_ignorable(c)
                    || is_hyphen(c)
                    || matches!(c, '+' | '.' | '(' | ')' | '[' | ']'))
        };
        if let Some(other) = describe_first(sent, is_other) {
            return Err(format!(
                "it can contain only +, digits, spaces, dots, hyphens and brackets; {other} was found"
            ));
        }
        let kept = |c: &char| c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '[' | ']');
        let kept = || sent.chars().map(to_half_width).filter(kept);
        if kept().find(|c| !matches!(c, '(' | '[')) != Some('+') {
            return Err("it must begin with + and the country code".to_owned());
        }
        let mut written = Self {
            digits: ArrayString::new(),
            zero_in_brackets: None,
        };
        // The last three characters, to detect a zero in brackets.
        let mut last = [' '; 3];
        for c in kept().skip_while(|c| *c != '+').skip(1) {
            let c = match c {
                '[' => '(',
                ']' => ')',
                other => other,
            };
            last = [last[1], last[2], c];
            if c == '+' {
                return Err("it has more than one +".to_owned());
            }
            if c.is_ascii_digit() && written.digits.try_push(c).is_err() {
                return Err(NOT_A_NUMBER.to_owned());
            }
            if last == ['(', '0', ')']
                && written
                    .zero_in_brackets
                    .replace(written.digits.len() - 1)
                    .is_some()
            {
                return Err("it has more than one (0)".to_owned());
            }
        }
        Ok(written)
    }
}

fn malformed(sent: &str, why: &str) -> Fault {
    let sent = quote(sent);
    Fault::new(
        Code::Format,
        format!("\"{sent}\" is not an E.164 telephone number such as +33612345678: {why}."),
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
            "",
            "+",
            "0612345678",
            "+33",
            "+336",
            "+999123456789",
            "+3361234567a",
            "+1201555012",
            "+033612345678",
            "+001 202 555 0123",
            "++33612345678",
            "+336+12345678",
            "+33 (0)6 (0)12345678",
            "+336123456780123456789",
            "0049 151 23456789",
        ] {
            assert!(PhoneNumber::parse(sent).is_err(), "{sent}");
        }
    }

    #[test]
    fn removes_a_bracketed_trunk_prefix() {
        for sent in [
            "+49 (0)30 123456",
            "+49 ( 0 ) 30 123456",
            "+49 （０）30 123456",
            "+49[0]30 123456",
            "+49 30 (12) 34-56",
        ] {
            assert_eq!(
                PhoneNumber::parse(sent).unwrap().as_str(),
                "+4930123456",
                "{sent}"
            );
        }
    }
}
