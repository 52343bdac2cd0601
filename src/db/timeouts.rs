//! How long the server waits for the database.

use std::time::Duration;

/// How long one request waits for the database, step by step. The deadline of the request bounds all of
/// them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the result of one statement; then PostgreSQL cancels it.
    pub statement: Duration,
    /// For a free connection.
    pub connection: Duration,
    /// For a connection and the first reads, all together, before it is asked whether the database answers at
    /// all: with the time of that question, a database that is gone is a 503 within a second. Where it answers,
    /// a read goes on until the deadline of the request. A read after a write has as long again. A new
    /// case waits as long for its group to be written.
    pub read: Duration,
    /// For a lock that another transaction holds; then PostgreSQL cancels the statement. It must be longer
    /// than `deadlock_timeout` (1 s), or a deadlock is reported as a wait.
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
