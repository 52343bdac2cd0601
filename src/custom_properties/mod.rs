//! Custom properties: what a workspace adds to cases, companies and individuals.

mod check;
mod definition;
mod given;
mod request;
pub mod store;

pub use check::{Properties, check, listed, merge, values};

pub use definition::{Definition, PropertyType, Settings, Target};
pub use given::{Given, GivenValue, PropertiesRequest, parse};
pub use request::{
    OptionsRequest, PropertyOption, SettingsRequest, options, property_type, settings, target,
};
