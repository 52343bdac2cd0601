//! Custom properties: what a workspace adds to cases, companies and individuals.

mod check;
mod create;
mod definition;
mod definitions;
mod get;
mod given;
mod list;
mod model;
mod options;
mod path;
mod request;
mod sought;
pub mod store;
mod update;

pub use check::{Listed, Properties, check, merge, values};
pub use definition::{Definition, NumericFormat, PropertyType, Settings, Target};
pub use definitions::Definitions;
pub use given::{Given, GivenValue, PropertiesRequest, parse, shape};
pub use model::{PropertyView, StoredProperty};
pub use request::{
    OptionsRequest, PropertyOption, SettingsRequest, options, property_type, settings, target,
};
pub use sought::sought;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The operations on the custom properties of a workspace.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update))
}
