//! Writes: the transaction of a request with its activities, events and idempotency key.

mod compute;
mod outcome;
mod references;
mod write;

pub use compute::Compute;
pub use outcome::Outcome;
pub use references::reference_version;
pub use write::Write;
