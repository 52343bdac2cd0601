//! What companies and individuals have in common: reading, deleting and marking them. Writes lock their case first.

mod delete;
mod get;
mod part;
mod relevance;

pub use delete::delete;
pub use get::{get, snapshot};
pub use part::{CasePart, lock_case_of, read};
pub use relevance::{RelevanceRequest, set_relevant};
