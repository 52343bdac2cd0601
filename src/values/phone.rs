//! Telephone numbers.

use arrayvec::ArrayString;

use super::characters::{first_named, is_hyphen, is_meaningless, is_override, narrow};
use super::numbering_plan::{NO_NUMBER, Plan};
use super::text_value;
use crate::schema::shape::{self, Shape};
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

    /// Takes an international number. White space, dots, hyphens, brackets and characters that show nothing
    /// are dropped, and so is a `(0)` behind the country code where it is the trunk prefix of that country.
    ///
    /// # Errors
    /// `format`: another character, no `+`, no such country code, not as many digits as its numbers have,
    /// or a prefix that is dialled inside the country alone.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let malformed = |why: &str| malformed(sent, why);
        let written = Written::read(sent).map_err(|why| malformed(&why))?;
        let plan = Plan::of(&written.digits).ok_or_else(|| malformed(NO_NUMBER))?;
        let national = written.digits.get(plan.code.len()..).unwrap_or_default();
        let abroad = national.strip_prefix('0').unwrap_or(national);
        let national = match written.zero_in_brackets {
            None if plan.has_trunk_prefix(national) => {
                let meant = plan.without_trunk_prefix(national);
                let meant = meant.and_then(|meant| plan.number(meant));
                let why = "it begins with what is dialled inside the country alone; leave that out behind the country \
                           code";
                return Err(malformed(why).meaning(meant.as_ref().map(ArrayString::as_str)));
            }
            None => national,
            Some(at) if at != plan.code.len() => {
                return Err(malformed("(0) has its place behind the country code alone"));
            }
            Some(_) => match (plan.has(national), plan.has(abroad)) {
                (true, true) => {
                    let why = "with and without the 0 in brackets it is a number; write the digits that are \
                               dialled from abroad";
                    return Err(malformed(why));
                }
                (true, false) => national,
                (false, _) if plan.drops_zero(abroad) => abroad,
                (false, _) => {
                    let why = "numbers of that country code have no (0) in front; write the digits that are \
                               dialled from abroad";
                    return Err(malformed(why));
                }
            },
        };
        plan.check(national).map_err(malformed)?;
        let number = plan.number(national).ok_or_else(|| malformed(NO_NUMBER))?;
        Ok(Self(number))
    }
}

/// The digits of a number as it is written.
struct Written {
    /// Those behind the `+`; one more than E.164 has, for a zero in brackets.
    digits: ArrayString<16>,
    /// How many digits stand in front of a `(0)`.
    zero_in_brackets: Option<usize>,
}

impl Written {
    /// Reads the digits, or says why it cannot.
    fn read(sent: &str) -> Result<Self, String> {
        let is_other = |c: char| {
            let c = narrow(c);
            is_override(c)
                || !(c.is_ascii_digit()
                    || is_meaningless(c)
                    || is_hyphen(c)
                    || matches!(c, '+' | '.' | '(' | ')' | '[' | ']'))
        };
        if let Some(other) = first_named(sent, is_other) {
            return Err(format!(
                "it has digits, spaces, dots, hyphens and brackets alone; {other} was found"
            ));
        }
        let kept = |c: &char| c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '[' | ']');
        let kept = || sent.chars().map(narrow).filter(kept);
        if kept().find(|c| !matches!(c, '(' | '[')) != Some('+') {
            return Err("it must begin with + and the country code".to_owned());
        }
        let mut written = Self {
            digits: ArrayString::new(),
            zero_in_brackets: None,
        };
        // The last three characters that count, to know a zero in brackets by.
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
                return Err(NO_NUMBER.to_owned());
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
        format!("\"{sent}\" is not a telephone number of E.164, such as +33612345678: {why}."),
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
    fn no_zero_of_a_trunk_prefix_is_stored() {
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
