//! Templates: what a workspace asks of a kind of case.

mod create;
mod get;
mod list;
mod model;
mod request;
mod required;
mod resolve;
mod store;
mod update;

pub use model::{Defaults, StoredTemplate, Template, TemplateRules, TemplateView};
pub use request::{DefaultsDraft, DefaultsRequest, REQUIRED, defaults, required};
pub use required::{OF_CASE, OF_COMPANY, OF_INDIVIDUAL, Required};
use resolve::resolve;

use axum::Router;
use axum::routing::get;

use crate::state::AppState;

/// The operations on the templates of a workspace.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/templates", get(list::list).post(create::create))
        .route("/templates/{id}", get(get::get).patch(update::update))
}
