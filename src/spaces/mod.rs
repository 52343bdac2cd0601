//! Spaces: parts of a workspace that cases lie in.

mod create;
mod list;
mod model;

pub use model::{Space, SpaceView};

use axum::Router;
use axum::routing::get;

use crate::state::AppState;

/// The operations on the spaces of a workspace.
pub fn routes() -> Router<AppState> {
    Router::new().route("/spaces", get(list::list).post(create::create))
}
