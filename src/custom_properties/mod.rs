//! Custom properties: what a workspace adds to cases, companies and individuals.

mod check;
mod create;
mod definition;
mod get;
mod given;
mod list;
mod model;
mod path;
mod request;
pub mod store;
mod update;

pub use check::{Properties, check, listed, merge, values};
pub use definition::{Definition, NumericFormat, PropertyType, Settings, Target};
pub use given::{Given, GivenValue, PropertiesRequest, parse};
pub use model::{PropertyView, StoredProperty};
pub use request::{
    OptionsRequest, PropertyOption, SettingsRequest, options, property_type, settings, target,
};

use axum::Router;
use axum::routing::get;

use crate::state::AppState;

/// The operations on the custom properties of a workspace.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/custom-properties/{target}",
            get(list::list).post(create::create),
        )
        .route(
            "/custom-properties/{target}/{key}",
            get(get::get).patch(update::update),
        )
}
