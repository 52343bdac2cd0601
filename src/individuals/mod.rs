//! Individuals of a case.

mod model;
mod request;
mod view;

pub use model::{Gender, Individual, StoredIndividual};
pub use request::{IndividualDraft, IndividualRequest};
pub use view::{IndividualRowView, IndividualView};
