//! Templates: what a workspace asks of a kind of case.

mod model;

pub use model::Template;
