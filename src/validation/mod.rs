//! Reads a JSON body and finds every error in one pass. Pure: no I/O, no HTTP, no database.

pub mod any;
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
pub use field::{Field, Found, NamedField, Number, Text, Wire};
pub use malformed::{Malformed, read};
pub use names::Names;
pub use object::{Object, UnknownKeys, unknown};
pub use overlay::{SentFields, overlay};
pub use quote::quote;
pub use scope::{Scope, is_given};
pub use suggest::{Budget, UnknownName};
pub use violations::{Violation, Violations};
