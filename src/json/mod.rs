//! JSON on its way out: the answers of cases, and their rows for the database.

mod flatten;
mod write;

pub use flatten::flatten;
pub use write::{response, row, rows};
