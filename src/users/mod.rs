//! Users: the people of a workspace. Cases are assigned to them.

mod create;
mod get;
mod list;
mod model;
mod request;
mod store;
mod update;

pub use model::{StoredUser, User, UserView};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The routes under `/users`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update))
}
