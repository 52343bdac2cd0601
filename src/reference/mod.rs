//! The reference: the description of every operation (OpenAPI 3.1), the interactive page over it, and
//! the pages for people.

mod document;
mod generators;
mod guides;
mod hooks;
mod links;
mod page;
mod problems;
mod refusals;
mod routes;
mod tidy;

pub use document::document;
pub use routes::routes;
