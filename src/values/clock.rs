//! The time.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// The time of this machine in whole milliseconds: what is stored is what an answer shows. Handlers
/// read it once and pass it on.
pub fn now() -> DateTime<Utc> {
    let now = Utc::now();
    now.duration_trunc(TimeDelta::milliseconds(1))
        .unwrap_or(now)
}
