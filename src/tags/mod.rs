//! Tags: short labels that a workspace puts on its cases.

mod model;

pub use model::{Tag, TagView};
