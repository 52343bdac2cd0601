//! Timeouts of the database.

use std::time::Duration;

/// The timeouts of the steps of one request. The deadline of the request limits their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// One statement. PostgreSQL cancels it after this time.
    pub statement: Duration,
    /// The wait for a free connection.
    pub connection: Duration,
    /// The wait for a connection and the first read together, before a probe tests whether the database responds. With
    /// the time of the probe, an unreachable database leads to a 503 within a second. If it responds, the read
    /// continues until the deadline of the request. Each later read has the full time. A new case waits as long for its
    /// group commit.
    pub read: Duration,
    /// The wait for a lock of another transaction. PostgreSQL cancels the statement after this time. It must be longer
    /// than `deadlock_timeout` (1 s), otherwise a deadlock is reported as a lock timeout.
    pub lock: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            statement: Duration::from_secs(10),
            connection: Duration::from_millis(500),
            read: Duration::from_millis(600),
            lock: Duration::from_millis(1_100),
        }
    }
}
