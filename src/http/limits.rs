//! How much and how long a request may be.

use std::time::Duration;

/// The limits of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body: usize,
    /// How long a request may take, its body's arrival included.
    pub request: Duration,
}

impl Default for Limits {
    /// 2 MiB and 10 seconds.
    fn default() -> Self {
        Self {
            body: 2 * 1024 * 1024,
            request: Duration::from_secs(10),
        }
    }
}
