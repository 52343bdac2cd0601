//! Writes: the transaction of a request, with what it leaves besides its rows.

mod compute;
mod outcome;
mod write;

pub use compute::Compute;
pub use outcome::Outcome;
pub use write::Write;
