//! Custom properties: fields that a workspace adds to cases, companies and individuals.

mod check;
mod create;
mod definition;
mod definitions;
mod filter;
mod get;
mod input;
mod list;
mod model;
mod options;
mod path;
mod request;
mod settings;
pub mod store;
mod update;

pub use check::{Properties, PropertiesView, check, merge, not_found, values};
pub use definition::{Definition, PropertyType, Target};
pub use definitions::Definitions;
pub use filter::filter_object;
pub use input::{InputValue, PropertiesRequest, PropertyInputs, parse, shape};
pub use model::{PropertyView, StoredProperty};
pub use options::{OptionsRequest, PropertyOption, options};
pub use request::{property_type, target};
pub use settings::{NumericFormat, Settings, SettingsRequest, settings};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The routes under `/custom-properties`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update))
}
