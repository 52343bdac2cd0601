//! Cases: the mission, and the pattern that every feature repeats.

mod graph;
mod malformed;
mod request;

pub use graph::{Entity, Graph, ResolvedRelation};
pub use malformed::Malformed;
pub use request::{CaseDraft, CaseRequest, InitialStatus, Reference, TemplateReference, read};
