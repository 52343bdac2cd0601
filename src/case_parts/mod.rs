//! What companies and individuals have in common: both are parts of a case, and are read, changed and deleted under its
//! lock.

mod delete;
mod get;
mod part;
mod relevance;

pub use delete::delete;
pub use get::{get, snapshot};
pub use part::{CasePart, lock_part, read};
pub use relevance::{RelevanceRequest, set_relevant};
