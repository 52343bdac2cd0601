//! The current time.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Returns the current time in whole milliseconds, the precision of stored values and responses. A handler reads it
/// once and passes it on.
pub fn now() -> DateTime<Utc> {
    milliseconds(Utc::now())
}

/// Truncates a time to whole milliseconds.
pub fn milliseconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(at)
}
