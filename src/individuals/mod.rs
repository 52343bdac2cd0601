//! Individuals of a case.

mod model;
mod request;

pub use model::{Gender, Individual};
pub use request::{IndividualDraft, IndividualRequest};
