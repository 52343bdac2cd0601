//! The metrics of a pool of database connections.

use std::time::Instant;

use prometheus::{Histogram, IntCounter, IntGauge};

/// The number of connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub idle: usize,
    pub used: usize,
    /// The size of the pool.
    pub limit: usize,
}

/// The waits for connections of one pool.
#[derive(Debug, Clone)]
pub struct Waits {
    pub(super) times: Histogram,
    pub(super) timeouts: IntCounter,
    pub(super) pending: IntGauge,
}

/// One wait. It counts as pending until it is dropped.
#[derive(Debug)]
pub struct Wait<'w> {
    waits: &'w Waits,
    begun: Instant,
}

impl Waits {
    /// Starts a wait.
    pub fn begin(&self) -> Wait<'_> {
        self.pending.inc();
        Wait {
            waits: self,
            begun: Instant::now(),
        }
    }
}

impl Wait<'_> {
    /// Records the duration of a successful wait, or a timeout.
    pub fn end(self, has_connection: bool) {
        if has_connection {
            self.waits.times.observe(self.begun.elapsed().as_secs_f64());
        } else {
            self.waits.timeouts.inc();
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.waits.pending.dec();
    }
}
