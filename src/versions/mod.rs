//! Versions of cases: every write to a case or to a part of it locks the case and adds one.

mod case_member;
mod entity_tag;
mod if_match;
mod if_none_match;
mod reference;
mod relevance;
mod store;

pub use case_member::lock_named;
pub use if_match::IfMatch;
pub use if_none_match::IfNoneMatch;
pub use reference::CaseReference;
pub use relevance::RelevanceRequest;
pub use store::{Locked, lock, touch};
