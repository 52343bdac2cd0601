//! Writes: the transaction of a request, with what it leaves besides its rows.

mod done;
mod write;

pub use done::Done;
pub use write::Write;
