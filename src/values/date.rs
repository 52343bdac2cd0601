//! Calendar dates.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use serde::{Serialize, Serializer};

use super::moment;
use crate::validation::{Code, Fault, quote};

/// A calendar date, `yyyy-MM-dd`. A date with a time of exactly midnight UTC is taken as that date.
///
/// # Errors
/// `format`: another form, or a day that the calendar does not have.
pub fn date(sent: &str) -> Result<NaiveDate, Fault> {
    plain(sent).or_else(|| midnight(sent)).ok_or_else(|| {
        let message = format!(
            "\"{}\" is not a date of the calendar, such as 2024-02-29.",
            quote(sent)
        );
        Fault::new(Code::Format, message)
    })
}

/// A date that is not in the future anywhere on earth: at UTC+14 it has begun.
///
/// # Errors
/// As [`date`], and `date_in_future`.
pub fn birth_date(now: DateTime<Utc>) -> impl Fn(&str) -> Result<NaiveDate, Fault> {
    // The eastmost clocks run 14 hours ahead: after 10:00 UTC it is tomorrow there.
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
                format!("{birth} has not come yet anywhere on earth. A birth date is in the past."),
            ));
        }
        Ok(birth)
    }
}

/// Writes a day, if there is one, as RFC 3339 has it and without an allocation: for
/// `#[serde(serialize_with)]`.
///
/// # Errors
/// Those of the serializer.
pub fn day<S: Serializer>(day: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = day.and_then(moment::day);
    match text.as_ref().map(|it| str::from_utf8(it)) {
        Some(Ok(text)) => serializer.serialize_str(text),
        _ => day.serialize(serializer),
    }
}

fn plain(sent: &str) -> Option<NaiveDate> {
    let bytes = sent.as_bytes();
    let formed = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    // The calendar of the database has no year 0.
    let [year, month, day] = formed.then(|| [0..4, 5..7, 8..10].map(|it| sent.get(it)))?;
    let year = year?.parse().ok().filter(|it| *it > 0)?;
    NaiveDate::from_ymd_opt(year, month?.parse().ok()?, day?.parse().ok()?)
}

fn midnight(sent: &str) -> Option<NaiveDate> {
    let (day, _) = sent.split_once('T')?;
    let at = DateTime::parse_from_rfc3339(sent).ok()?;
    (at.offset().local_minus_utc() == 0 && at.time() == NaiveTime::MIN).then(|| plain(day))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_days_of_the_calendar() {
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
    fn a_birth_date_may_be_today_on_the_eastmost_island() {
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
