//! JSON that the server writes: responses, and rows for the database.

mod rows;
mod write;

pub use rows::Rows;
pub use write::to_vec;
