//! Spaces: parts of a workspace that group its cases.

mod create;
mod list;
mod model;

pub use model::{Space, SpaceView};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The routes under `/spaces`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list::list, create::create))
}
