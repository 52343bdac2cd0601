//! Custom properties: what a workspace adds to cases, companies and individuals.

mod definition;
mod given;

pub use definition::{Definition, PropertyType, Settings, Target};
pub use given::{Given, GivenValue, PropertiesRequest, parse};
