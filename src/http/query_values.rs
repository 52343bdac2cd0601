//! Parsers for the values of query parameters.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use uuid::Uuid;

use crate::validation::{Code, Fault, quote};
use crate::values::{self, Country, choice};

/// Parses `true` or `false`.
pub fn boolean(sent: &str) -> Result<bool, Fault> {
    choice(sent, &[("true", true), ("false", false)])
}

/// Parses one of several words.
pub fn word(sent: &str, words: &[&'static str]) -> Result<String, Fault> {
    let words: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
    choice(sent, &words).map(str::to_owned)
}

/// Parses a UUID.
pub fn uuid(sent: &str) -> Result<Uuid, Fault> {
    values::uuid(sent)
}

/// Parses a country code.
pub fn country(sent: &str) -> Result<String, Fault> {
    Ok(Country::parse(sent)?.as_str().to_owned())
}

/// Parses a date.
pub fn day(sent: &str) -> Result<NaiveDate, Fault> {
    values::date(sent)
}

/// Checks a pattern of SQL's `LIKE`: `%` matches any string, `_` one character, and `\` escapes both and itself.
pub fn pattern(sent: &str) -> Result<String, Fault> {
    let escapes = sent.chars().rev().take_while(|c| *c == '\\').count();
    if escapes % 2 == 1 {
        let message = "A pattern cannot end with a single \\. Write \\\\ to match a backslash.";
        return Err(Fault::new(Code::Format, message));
    }
    Ok(sent.to_owned())
}

/// Parses a time: a date (its midnight) or a date with a time. Without an offset, the time is in UTC.
pub fn moment(sent: &str) -> Result<DateTime<Utc>, Fault> {
    // An unescaped plus sign arrives as a space.
    let offset = |text: &str| Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc());
    let plain = || {
        let at = NaiveDateTime::parse_from_str(sent, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Some(at.and_utc())
    };
    let midnight = || Some(values::date(sent).ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    let begins_with_digit = sent.starts_with(|c: char| c.is_ascii_digit());
    offset(sent)
        .or_else(|| offset(&sent.replace(' ', "+")))
        .or_else(plain)
        .or_else(midnight)
        .filter(|at| begins_with_digit && values::has_four_digit_year(at))
        .map(|at| values::without_leap_second(at, sent))
        .unwrap_or_else(|| {
            let message = format!(
                "\"{}\" is not a date or time, such as 2024-02-29 or 2024-02-29T12:30:00Z.",
                quote(sent)
            );
            Err(Fault::new(Code::Format, message))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_dates_and_times_with_and_without_an_offset() {
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
    fn refuses_a_pattern_that_ends_with_an_escape() {
        assert!(pattern(r"50\%").is_ok());
        assert!(pattern(r"a\\").is_ok());
        assert!(pattern(r"a\").is_err());
    }
}
