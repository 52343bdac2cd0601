//! The rows of new cases as JSON, for the database.

mod omit_nulls;
mod rows;

pub use rows::Rows;
