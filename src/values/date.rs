//! Calendar dates.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use serde::{Serialize, Serializer};

use super::moment::date_bytes;
use crate::validation::{Code, Fault, quote};

/// Parses a calendar date, `yyyy-MM-dd`. A timestamp of exactly midnight UTC is accepted as its date.
///
/// # Errors
/// Returns `format` if the string has another form or the day does not exist.
pub fn date(sent: &str) -> Result<NaiveDate, Fault> {
    parse_day(sent)
        .or_else(|| parse_midnight(sent))
        .ok_or_else(|| {
            let message = format!(
                "\"{}\" is not a calendar date such as 2024-02-29.",
                quote(sent)
            );
            Fault::new(Code::Format, message)
        })
}

/// A parser for dates that are not in the future in every time zone: the day must have begun at UTC+14.
///
/// # Errors
/// The parser returns `format`, as [`date`] does, or `date_in_future`.
pub fn birth_date(now: DateTime<Utc>) -> impl Fn(&str) -> Result<NaiveDate, Fault> {
    // From 10:00 UTC it is the next day at UTC+14.
    let ahead = if now.time() >= NaiveTime::from_hms_opt(10, 0, 0).unwrap_or_default() {
        1
    } else {
        0
    };
    let latest = now
        .date_naive()
        .checked_add_days(Days::new(ahead))
        .unwrap_or(now.date_naive());
    move |sent| {
        let birth = date(sent)?;
        if birth > latest {
            return Err(Fault::new(
                Code::DateInFuture,
                format!(
                    "{birth} is in the future in every time zone. A birth date must be in the past."
                ),
            ));
        }
        Ok(birth)
    }
}

/// Serializes an optional date in the form of RFC 3339, without an allocation. For `#[serde(serialize_with)]`.
///
/// # Errors
/// Returns the error of the serializer.
pub fn iso_date<S: Serializer>(date: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    let bytes = date.and_then(date_bytes);
    match bytes.as_ref().map(|it| str::from_utf8(it)) {
        Some(Ok(text)) => serializer.serialize_str(text),
        _ => date.serialize(serializer),
    }
}

fn parse_day(sent: &str) -> Option<NaiveDate> {
    let bytes = sent.as_bytes();
    let formed = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    // PostgreSQL has no year 0.
    let [year, month, day] = formed.then(|| [0..4, 5..7, 8..10].map(|it| sent.get(it)))?;
    let year = year?.parse().ok().filter(|it| *it > 0)?;
    NaiveDate::from_ymd_opt(year, month?.parse().ok()?, day?.parse().ok()?)
}

fn parse_midnight(sent: &str) -> Option<NaiveDate> {
    let (day, _) = sent.split_once('T')?;
    let at = DateTime::parse_from_rfc3339(sent).ok()?;
    (at.offset().local_minus_utc() == 0 && at.time() == NaiveTime::MIN).then(|| parse_day(day))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_existing_days() {
        assert_eq!(date("2024-02-29").unwrap().to_string(), "2024-02-29");
        for sent in ["2020-01-31T00:00:00Z", "2020-01-31T00:00:00.000+00:00"] {
            assert_eq!(date(sent).unwrap().to_string(), "2020-01-31", "{sent}");
        }
        for sent in [
            "2023-02-29",
            "0000-01-01",
            "24-01-01",
            "2024-1-1",
            "2020-01-31T00:00:01Z",
            "2020-01-31T00:00:00+01:00",
            "+024-01-01",
            "2024-01-01 ",
            "２024-01-01",
        ] {
            assert_eq!(date(sent).unwrap_err().code, Code::Format, "{sent}");
        }
    }

    #[test]
    fn a_birth_date_can_be_today_at_utc_plus_14() {
        let before = "2026-11-24T09:59:59Z".parse().unwrap();
        let after = "2026-11-24T10:00:00Z".parse().unwrap();
        assert!(birth_date(before)("2026-11-24").is_ok());
        assert_eq!(
            birth_date(before)("2026-11-25").unwrap_err().code,
            Code::DateInFuture
        );
        assert!(birth_date(after)("2026-11-25").is_ok());
        assert!(birth_date(after)("2026-11-26").is_err());
    }
}
