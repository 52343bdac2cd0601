//! Users: the people of a workspace, to whom cases are assigned.

mod create;
mod get;
mod list;
mod model;
mod request;
mod store;
mod update;

pub use model::{StoredUser, User, UserView};

use axum::Router;
use axum::routing::get;

use crate::state::AppState;

/// The operations on the users of a workspace.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/users", get(list::list).post(create::create))
        .route("/users/{id}", get(get::get).patch(update::update))
}
