//! Reading a JSON body so that every fault is found at once. Pure: no I/O, no HTTP, no database.

mod change;
mod collections;
mod document_order;
mod encoding;
mod fault;
mod field;
mod malformed;
mod names;
mod object;
mod overlay;
mod quote;
mod scope;
mod suggest;
mod violations;

pub use change::{Change, Mode};
pub use collections::{Entries, Items, Slices, list};
pub use document_order::sort as sort_in_document_order;
pub use encoding::Encoding;
pub use fault::{Code, Explained, Fault};
pub use field::{Field, Found, Member, Number, Text, Wire, any};
pub use malformed::{Malformed, read};
pub use names::Names;
pub use object::{Object, UnknownKeys, unknown};
pub use overlay::{Sent, overlay};
pub use quote::quote;
pub use scope::{Scope, is_given};
pub use suggest::{Budget, Misspelt};
pub use violations::{Violation, Violations};
