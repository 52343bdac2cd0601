//! Versions of cases: every write to a case or to a part of it locks the case and adds one.

mod if_match;
mod reference;
mod store;

pub use if_match::IfMatch;
pub use reference::CaseReference;
pub use store::{Locked, lock, touch};
