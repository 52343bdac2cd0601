//! Whether this process is about to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the server was told to stop; a clone knows what the others know.
#[derive(Debug, Clone, Default)]
pub struct Stopping(Arc<AtomicBool>);

impl Stopping {
    /// From now on it is not ready, and each answer ends its connection.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
