//! The schemas of requests in the API reference.

mod described;
mod placeholders;
pub mod shape;
mod wire_object;

pub use described::{Changed, Described, item, item_in, name_in, object, own_mode, schema};
pub use placeholders::{NoItems, Null, PropertyValues};
pub use shape::{Component, Shape};
