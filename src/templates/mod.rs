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

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The operations on the templates of a workspace.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update))
}
