//! Users: the people of a workspace, to whom cases are assigned.

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

/// The operations on the users of a workspace.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update))
}
