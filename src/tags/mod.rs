//! Tags: short labels that a workspace puts on its cases.

mod create;
mod delete;
mod get;
mod list;
mod model;
mod request;
mod store;
mod update;

pub use model::{Tag, TagView};

use axum::Router;
use axum::routing::get;

use crate::state::AppState;

/// The operations on the tags of a workspace.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/tags", get(list::list).post(create::create))
        .route(
            "/tags/{id}",
            get(get::get).patch(update::update).delete(delete::delete),
        )
}
