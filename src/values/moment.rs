//! Timestamps.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Timelike, Utc};
use serde::{Serialize, Serializer};

use super::leap_seconds;
use crate::clock::milliseconds;
use crate::validation::{Code, Fault, quote};

/// Parses an RFC 3339 timestamp of the years 1 to 9999 in UTC, and rounds it down to whole milliseconds.
///
/// # Errors
/// Returns `format`, also for a leap second that did not occur.
pub fn moment(sent: &str) -> Result<DateTime<Utc>, Fault> {
    let parsed = DateTime::parse_from_rfc3339(sent).ok();
    let parsed = parsed.map(|at| at.to_utc()).filter(has_four_digit_year);
    let at = parsed.ok_or_else(|| {
        let message = format!(
            "\"{}\" is not an RFC 3339 timestamp such as 2024-02-29T12:30:00Z.",
            quote(sent)
        );
        Fault::new(Code::Format, message)
    })?;
    without_leap_second(at, sent).map(milliseconds)
}

/// Moves a timestamp within a leap second to the second after it. `sent` is the string from which it was parsed.
///
/// # Errors
/// Returns `format` if there was no leap second at that time.
pub fn without_leap_second(at: DateTime<Utc>, sent: &str) -> Result<DateTime<Utc>, Fault> {
    leap_seconds::without_leap_second(at).ok_or_else(|| {
        let message = format!(
            "\"{}\" has the second 60, but there was no leap second then; the last one was \
             2016-12-31T23:59:60Z. Use a second from 00 to 59.",
            quote(sent)
        );
        Fault::new(Code::Format, message)
    })
}

/// Whether the year is from 1 to 9999: PostgreSQL has no year 0, and RFC 3339 allows four digits.
pub fn has_four_digit_year(at: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&at.year())
}

/// A timestamp as responses and rows have it: RFC 3339 in UTC with milliseconds and `Z`. It is serialized without an
/// allocation, since a case has dozens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(DateTime<Utc>);

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        timestamp(&self.0, serializer)
    }
}

/// Serializes a time as a [`Timestamp`] is. For `#[serde(serialize_with)]`.
///
/// # Errors
/// Returns the error of the serializer.
pub fn timestamp<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let bytes = timestamp_bytes(at);
    match bytes.as_ref().map(|it| str::from_utf8(it)) {
        Some(Ok(text)) => serializer.serialize_str(text),
        _ => serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true)),
    }
}

/// Formats a timestamp. Returns `None` if its year has more than four digits or it is within a leap second.
fn timestamp_bytes(at: &DateTime<Utc>) -> Option<[u8; 24]> {
    let at = at.naive_utc();
    let [y1, y2, y3, y4, _, m1, m2, _, d1, d2] = date_bytes(at.date())?;
    let milliseconds = at.nanosecond() / 1_000_000;
    let ([h1, h2], [n1, n2]) = (digits(at.hour())?, digits(at.minute())?);
    let ([s1, s2], [_, f1]) = (digits(at.second())?, digits(milliseconds / 100)?);
    let [f2, f3] = digits(milliseconds % 100)?;
    (milliseconds < 1_000).then_some([
        y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'.',
        f1, f2, f3, b'Z',
    ])
}

/// Formats a date. Returns `None` if its year is negative or has more than four digits.
pub(super) fn date_bytes(date: NaiveDate) -> Option<[u8; 10]> {
    let year = u32::try_from(date.year()).ok()?;
    let ([y1, y2], [y3, y4]) = (digits(year / 100)?, digits(year % 100)?);
    let ([m1, m2], [d1, d2]) = (digits(date.month())?, digits(date.day())?);
    Some([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2])
}

/// Formats a number with two digits. Returns `None` if it has more.
fn digits(number: u32) -> Option<[u8; 2]> {
    let number = u8::try_from(number).ok().filter(|it| *it < 100)?;
    Some([b'0' + number / 10, b'0' + number % 10])
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat};
    use proptest::prelude::*;

    use super::{Timestamp, moment};

    proptest! {
        #[test]
        fn is_serialized_as_chrono_does(
            seconds in -70_000_000_000_i64..300_000_000_000,
            nanoseconds in 0_u32..2_000_000_000,
        ) {
            let Some(at) = DateTime::from_timestamp(seconds, nanoseconds) else { return Ok(()) };
            let written = serde_json::to_value(Timestamp::from(at)).unwrap();
            prop_assert_eq!(written, at.to_rfc3339_opts(SecondsFormat::Millis, true));
        }
    }

    #[test]
    fn needs_a_four_digit_year_in_utc() {
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
