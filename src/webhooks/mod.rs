//! Webhooks: endpoints that receive events, and the log of each delivery.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

mod create;
mod delete;
mod delivery;
mod get;
mod list;
mod logs;
mod model;
mod payload;
mod replay;
mod request;
mod retention;
mod rotate_secret;
mod secret;
mod store;
mod update;
mod view;

pub use delivery::{backlog, deliver};
pub use list::LISTING;
pub use logs::LOG_LISTING;
pub use payload::PayloadView;
pub use retention::{deleted, overdue, purge, purge_deleted};

/// The operations on webhooks and on the logs of their deliveries.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(rotate_secret::rotate_secret))
        .routes(routes!(replay::replay))
        .routes(routes!(logs::list::list))
        .routes(routes!(logs::get::get))
        .routes(routes!(logs::retry::retry))
}
