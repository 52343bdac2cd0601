//! Custom properties: what a workspace adds to cases, companies and individuals.

mod given;

pub use given::{Given, GivenValue, PropertiesRequest, parse};
