//! Values of parameters.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use uuid::Uuid;

use crate::validation::{Code, Fault, quote};
use crate::values::{self, Country, choice};

/// `true` or `false`.
pub fn boolean(sent: &str) -> Result<bool, Fault> {
    choice(sent, &[("true", true), ("false", false)])
}

/// One of a few words.
pub fn word(sent: &str, words: &[&'static str]) -> Result<String, Fault> {
    let words: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
    choice(sent, &words).map(str::to_owned)
}

/// A UUID.
pub fn uuid(sent: &str) -> Result<Uuid, Fault> {
    values::uuid(sent)
}

/// A country code.
pub fn country(sent: &str) -> Result<String, Fault> {
    Ok(Country::parse(sent)?.as_str().to_owned())
}

/// A day of the calendar.
pub fn day(sent: &str) -> Result<NaiveDate, Fault> {
    values::date(sent)
}

/// A pattern of SQL's `LIKE`: `%` stands for any text, `_` for one character, and `\` before them
/// or before itself takes that from them.
pub fn pattern(sent: &str) -> Result<String, Fault> {
    let escapes = sent.chars().rev().take_while(|c| *c == '\\').count();
    if escapes % 2 == 1 {
        let message = "A pattern cannot end with a single \\. Write \\\\ for the character itself.";
        return Err(Fault::new(Code::Format, message));
    }
    Ok(sent.to_owned())
}

/// A moment: a date (its midnight) or a date with a time, in UTC where no offset stands behind it.
pub fn moment(sent: &str) -> Result<DateTime<Utc>, Fault> {
    // A plus sign that was not escaped arrives as a space.
    let offset = |text: &str| Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc());
    let plain = || {
        let at = NaiveDateTime::parse_from_str(sent, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Some(at.and_utc())
    };
    let midnight = || Some(values::date(sent).ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    let is_formed = sent.starts_with(|c: char| c.is_ascii_digit());
    offset(sent)
        .or_else(|| offset(&sent.replace(' ', "+")))
        .or_else(plain)
        .or_else(midnight)
        .filter(|at| is_formed && values::has_four_digit_year(at))
        .map(|at| values::without_leap_second(at, sent))
        .unwrap_or_else(|| {
            let message = format!(
                "\"{}\" is not a moment, such as 2024-02-29 or 2024-02-29T12:30:00Z.",
                quote(sent)
            );
            Err(Fault::new(Code::Format, message))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_or_a_time_in_utc_or_with_an_offset() {
        for (sent, meant) in [
            ("2024-02-29", "2024-02-29T00:00:00Z"),
            ("2024-02-29T12:30:00", "2024-02-29T12:30:00Z"),
            ("2024-02-29T12:30:00.5Z", "2024-02-29T12:30:00.500Z"),
            ("2024-02-29T12:30:00+02:00", "2024-02-29T10:30:00Z"),
            ("2024-02-29T12:30:00 02:00", "2024-02-29T10:30:00Z"),
        ] {
            assert_eq!(
                moment(sent).unwrap(),
                meant.parse::<DateTime<Utc>>().unwrap(),
                "{sent}"
            );
        }
        for sent in [
            "yesterday",
            "2023-02-29",
            "2024-02-29T25:00:00Z",
            "",
            "-5000-01-01T00:00:00",
            "+99999-01-01T00:00:00",
            "0000-01-01T00:00:00Z",
            "99999-01-01T00:00:00",
        ] {
            assert!(moment(sent).is_err(), "{sent}");
        }
    }

    #[test]
    fn a_pattern_escapes_something() {
        assert!(pattern(r"50\%").is_ok());
        assert!(pattern(r"a\\").is_ok());
        assert!(pattern(r"a\").is_err());
    }
}
