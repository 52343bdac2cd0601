//! The pages of the server: the interactive API reference, the guides, and a page for each type of problem.

mod guide_texts;
mod guides;
mod page;
mod problems;
mod routes;

pub use routes::routes;
