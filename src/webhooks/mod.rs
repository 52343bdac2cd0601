//! Webhooks: endpoints that are told of events, and what became of each delivery.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

mod address;
mod claim;
mod create;
mod delete;
mod deliver;
mod delivery;
mod delivery_store;
mod get;
mod list;
mod log;
mod log_view;
mod model;
mod payload;
mod replay;
mod replay_request;
mod replay_store;
mod request;
mod retention;
mod retry;
mod rotate;
mod schedule;
mod secret;
mod slots;
mod store;
mod update;
mod view;
mod worker;

pub use claim::backlog;
pub use deliver::deliver;
pub use list::LISTING;
pub use log::LOG_LISTING;
pub use payload::PayloadView;
pub use retention::{deleted, forget_deleted, overdue, purge};

/// The operations on webhooks and the logs of their deliveries.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(rotate::rotate))
        .routes(routes!(replay::replay))
        .routes(routes!(log::list))
        .routes(routes!(log::get))
        .routes(routes!(retry::retry))
}
