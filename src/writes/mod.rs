//! Writes: the transaction of a request, with what it leaves besides its rows.

mod compute;
mod done;
mod write;

pub use compute::Compute;
pub use done::Done;
pub use write::Write;
