//! Templates: the defaults and required fields of a kind of case.

mod create;
mod get;
mod list;
mod model;
mod request;
mod required_path;
mod resolve;
mod store;
mod update;

pub use model::{Defaults, StoredTemplate, Template, TemplateRules, TemplateView};
pub use request::{DefaultsDraft, DefaultsRequest, MAX_REQUIRED, defaults, required};
pub use required_path::RequiredPath;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The routes under `/templates`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update))
}
