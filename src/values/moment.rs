//! Moments.

use chrono::{DateTime, Datelike, Utc};

use super::milliseconds;
use crate::validation::{Code, Fault, quote};

/// A moment of RFC 3339, in whole milliseconds, of the years 1 to 9999 in UTC: the calendar that
/// answers can write.
///
/// # Errors
/// `format`.
pub fn moment(sent: &str) -> Result<DateTime<Utc>, Fault> {
    let parsed = DateTime::parse_from_rfc3339(sent).ok();
    let parsed = parsed.map(|at| at.to_utc()).filter(is_of_calendar);
    parsed.map(milliseconds).ok_or_else(|| {
        let message = format!(
            "\"{}\" is not a moment of RFC 3339, such as 2024-02-29T12:30:00Z.",
            quote(sent)
        );
        Fault::new(Code::Format, message)
    })
}

/// Whether a moment is of a year that has four digits.
pub fn is_of_calendar(at: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&at.year())
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn has_a_year_of_four_digits_in_utc() {
        for sent in [
            "2020-02-29T12:30:00.5Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert!(moment(sent).is_ok(), "{sent}");
        }
        for sent in [
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+10:00",
            "9999-12-31T23:59:59-10:00",
            "2020-02-30T00:00:00Z",
            "2020-02-29",
            "+10000-01-01T00:00:00Z",
        ] {
            assert!(moment(sent).is_err(), "{sent}");
        }
    }
}
