//! Custom properties: what a workspace adds to cases, companies and individuals.

mod definition;
mod given;
mod request;

pub use definition::{Definition, PropertyType, Settings, Target};
pub use given::{Given, GivenValue, PropertiesRequest, parse};
pub use request::{
    OptionsRequest, PropertyOption, SettingsRequest, options, property_type, settings, target,
};
