//! Limits of requests.

use std::num::NonZeroU32;
use std::time::Duration;

/// The limits of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum size of a body, in bytes.
    pub body: usize,
    /// Maximum duration of a request, including the arrival of its body.
    pub request: Duration,
    /// Maximum number of GET and HEAD requests of an API key per minute. `None` means no limit.
    pub reads: Option<NonZeroU32>,
    /// Maximum number of other requests of an API key per minute. `None` means no limit.
    pub writes: Option<NonZeroU32>,
    /// Maximum number of concurrent requests in this process. A request whose client has disconnected counts until its
    /// database work ends.
    pub in_flight: usize,
    /// Maximum number of concurrent creates that one INSERT combines. 1 disables group commit.
    pub group_size: usize,
    /// How long a stopping server still accepts new connections.
    pub grace: Duration,
}

impl Default for Limits {
    /// 2 MiB, 10 seconds, no rate limit, 512 concurrent requests, groups of 16, and a grace of 1 second.
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
