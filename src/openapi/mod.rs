//! The description of the API (OpenAPI 3.1).

mod document;
mod generators;
mod hooks;
mod links;
mod operations;
mod problem_examples;
mod problem_responses;
mod tidy;

pub use document::document;
pub use problem_examples::example;
