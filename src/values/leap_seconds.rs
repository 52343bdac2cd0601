//! Leap seconds.

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Timelike, Utc};

/// Every leap second (IERS Bulletin C), as the year and the month at whose end it was inserted. There will probably be
/// no other before 2035 (CGPM, resolution 4 of 2022).
const LEAP_SECONDS: [(i32, u32); 27] = [
    (1972, 6),
    (1972, 12),
    (1973, 12),
    (1974, 12),
    (1975, 12),
    (1976, 12),
    (1977, 12),
    (1978, 12),
    (1979, 12),
    (1981, 6),
    (1982, 6),
    (1983, 6),
    (1985, 6),
    (1987, 12),
    (1989, 12),
    (1990, 12),
    (1992, 6),
    (1993, 6),
    (1994, 6),
    (1995, 12),
    (1997, 6),
    (1998, 12),
    (2005, 12),
    (2008, 12),
    (2012, 6),
    (2015, 6),
    (2016, 12),
];

/// Nanoseconds per second. chrono represents a leap second by a larger number of nanoseconds.
const SECOND: u32 = 1_000_000_000;

/// Moves a timestamp within a leap second to the second after it, because PostgreSQL has no leap seconds. Returns
/// `None` if there was no leap second at that time.
pub fn without_leap_second(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let Some(within) = at.nanosecond().checked_sub(SECOND) else {
        return Some(at);
    };
    let before = NaiveTime::from_hms_opt(23, 59, 59)?;
    let is_last_day = (at + TimeDelta::days(1)).day() == 1;
    let was_one = LEAP_SECONDS.contains(&(at.year(), at.month()));
    if at.time().with_nanosecond(0)? != before || !is_last_day || !was_one {
        return None;
    }
    DateTime::from_timestamp(at.timestamp() + 1, within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_second_becomes_the_second_after_midnight() {
        let read = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        for (sent, meant) in [
            ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5Z"),
            ("2015-06-30T19:59:60-04:00", "2015-07-01T00:00:00Z"),
            ("2016-12-31T23:59:59.999Z", "2016-12-31T23:59:59.999Z"),
            ("2017-01-01T00:00:00Z", "2017-01-01T00:00:00Z"),
        ] {
            assert_eq!(without_leap_second(read(sent)), Some(read(meant)), "{sent}");
        }
        for sent in [
            "2016-06-30T23:59:60Z",
            "2016-12-30T23:59:60Z",
            "2016-12-31T22:59:60Z",
            "2016-12-31T23:58:60Z",
            "2016-12-31T23:59:60+01:00",
        ] {
            assert_eq!(without_leap_second(read(sent)), None, "{sent}");
        }
    }
}
