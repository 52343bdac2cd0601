//! JSON that the server writes: responses with cases, and rows for the database.

mod flatten;
mod rows;
mod write;

pub use flatten::flatten;
pub use rows::Rows;
pub use write::response;
