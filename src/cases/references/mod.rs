//! The references of a case: its template, assignee, space and tags, and the definitions of custom properties.

mod cache;
mod keys;
mod read;
mod resolve;

pub use cache::ReferenceCache;
pub use keys::ReferenceKeys;
pub use read::{References, read, read_in};
pub use resolve::{assignee, space, tags, template};
