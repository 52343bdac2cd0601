//! Versions of cases: every write to a case or a part of it locks the case and increments its version.

mod case_field;
mod entity_tag;
mod if_match;
mod if_none_match;
mod reference;
mod store;

pub use case_field::lock_named;
pub use if_match::IfMatch;
pub use if_none_match::IfNoneMatch;
pub use reference::CaseReference;
pub use store::{Locked, lock, touch};
