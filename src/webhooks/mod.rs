//! Webhooks: endpoints that are told of events, and what became of each delivery.

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

mod address;
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
mod request;
mod retry;
mod rotate;
mod schedule;
mod secret;
mod store;
mod update;
mod view;

pub use deliver::deliver;
pub use delivery_store::{expire, forget_deleted};
pub use list::LISTING;
pub use log::LOG_LISTING;

/// The operations on webhooks and the logs of their deliveries.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/webhooks", get(list::list).post(create::create))
        .route(
            "/webhooks/{id}",
            get(get::get).patch(update::update).delete(delete::delete),
        )
        .route("/webhooks/{id}/rotate-secret", post(rotate::rotate))
        .route("/webhook-logs", get(log::list))
        .route("/webhook-logs/{id}", get(log::get))
        .route("/webhook-logs/{id}/retry", post(retry::retry))
}
