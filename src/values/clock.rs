//! The time.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// The time of this machine in whole milliseconds: what is stored is what an answer shows. Handlers
/// read it once and pass it on.
pub fn now() -> DateTime<Utc> {
    milliseconds(Utc::now())
}

/// A moment without what answers do not show of it.
pub fn milliseconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(at)
}
