//! How much and how long a request may be, and how many there may be.

use std::num::NonZeroU32;
use std::time::Duration;

/// The limits of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body: usize,
    /// How long a request may take, its body's arrival included.
    pub request: Duration,
    /// How many requests with GET or HEAD one key may send a minute; none: as many as it likes.
    pub reads: Option<NonZeroU32>,
    /// How many other requests one key may send a minute; none: as many as it likes.
    pub writes: Option<NonZeroU32>,
    /// How many requests are in flight in this process at the most, those included whose client has
    /// left and whose work in the database has not ended.
    pub in_flight: usize,
    /// How many new cases that wait at the same time one statement writes at the most; 1: each has its
    /// own.
    pub group_size: usize,
    /// How long new connections are still taken once the server was told to stop.
    pub grace: Duration,
}

impl Default for Limits {
    /// 2 MiB and 10 seconds, as many requests as anybody likes, 512 of them at once, and a second for the
    /// last of them.
    fn default() -> Self {
        Self {
            body: 2 * 1024 * 1024,
            request: Duration::from_secs(10),
            reads: None,
            writes: None,
            in_flight: 512,
            group_size: 16,
            grace: Duration::from_secs(1),
        }
    }
}
