//! Moments.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Timelike, Utc};
use serde::{Serialize, Serializer};

use super::leap_seconds::without_leap_second;
use crate::clock::milliseconds;
use crate::validation::{Code, Fault, quote};

/// A moment of RFC 3339, in whole milliseconds, of the years 1 to 9999 in UTC: the calendar that
/// answers can write.
///
/// # Errors
/// `format`, also for a leap second that there was not.
pub fn moment(sent: &str) -> Result<DateTime<Utc>, Fault> {
    let parsed = DateTime::parse_from_rfc3339(sent).ok();
    let parsed = parsed.map(|at| at.to_utc()).filter(is_of_calendar);
    let at = parsed.ok_or_else(|| {
        let message = format!(
            "\"{}\" is not a moment of RFC 3339, such as 2024-02-29T12:30:00Z.",
            quote(sent)
        );
        Fault::new(Code::Format, message)
    })?;
    existing(at, sent).map(milliseconds)
}

/// A moment that was read of a text, without its leap second, if it is within one.
///
/// # Errors
/// `format` where there was no leap second.
pub fn existing(at: DateTime<Utc>, sent: &str) -> Result<DateTime<Utc>, Fault> {
    without_leap_second(at).ok_or_else(|| {
        let message = format!(
            "\"{}\" has the second 60, but no leap second was there: the last one was \
             2016-12-31T23:59:60Z. Write a second from 00 to 59.",
            quote(sent)
        );
        Fault::new(Code::Format, message)
    })
}

/// Whether a moment is of a year that has four digits.
pub fn is_of_calendar(at: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&at.year())
}

/// A moment as answers and rows show it: UTC with milliseconds and `Z` (RFC 3339). A case has dozens,
/// so that it is written without an allocation.
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

/// Writes a moment as a [`Timestamp`]: for `#[serde(serialize_with)]`.
///
/// # Errors
/// Those of the serializer.
pub fn timestamp<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let usual = usual(at);
    match usual.as_ref().map(|it| str::from_utf8(it)) {
        Some(Ok(text)) => serializer.serialize_str(text),
        _ => serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true)),
    }
}

/// The text of a moment whose year has up to four digits, and that is not within a leap second.
fn usual(at: &DateTime<Utc>) -> Option<[u8; 24]> {
    let at = at.naive_utc();
    let [y1, y2, y3, y4, _, m1, m2, _, d1, d2] = day(at.date())?;
    let milliseconds = at.nanosecond() / 1_000_000;
    let ([h1, h2], [n1, n2]) = (digits(at.hour())?, digits(at.minute())?);
    let ([s1, s2], [_, f1]) = (digits(at.second())?, digits(milliseconds / 100)?);
    let [f2, f3] = digits(milliseconds % 100)?;
    (milliseconds < 1_000).then_some([
        y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'.',
        f1, f2, f3, b'Z',
    ])
}

/// The text of a day whose year has up to four digits.
pub(super) fn day(day: NaiveDate) -> Option<[u8; 10]> {
    let year = u32::try_from(day.year()).ok()?;
    let ([y1, y2], [y3, y4]) = (digits(year / 100)?, digits(year % 100)?);
    let ([m1, m2], [d1, d2]) = (digits(day.month())?, digits(day.day())?);
    Some([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2])
}

/// Two digits; none of a number that has more.
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
        fn is_written_as_rfc_3339_has_it(
            seconds in -70_000_000_000_i64..300_000_000_000,
            nanoseconds in 0_u32..2_000_000_000,
        ) {
            let Some(at) = DateTime::from_timestamp(seconds, nanoseconds) else { return Ok(()) };
            let written = serde_json::to_value(Timestamp::from(at)).unwrap();
            prop_assert_eq!(written, at.to_rfc3339_opts(SecondsFormat::Millis, true));
        }
    }

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
