//! Tags: short labels for the cases of a workspace.

mod create;
mod delete;
mod get;
mod index;
mod list;
mod model;
mod request;
mod store;
mod update;

pub use index::TagIndex;
pub use model::{Tag, TagView};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The routes under `/tags`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update, delete::delete))
}
