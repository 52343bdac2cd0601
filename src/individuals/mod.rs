//! Individuals of a case.

mod changes;
mod create;
mod delete;
mod get;
mod list;
mod model;
mod request;
mod set_relevant;
mod store;
mod update;
mod view;

pub use changes::IndividualChanges;
pub use get::snapshot;
pub use list::LISTING;
pub use model::{Gender, Individual, StoredIndividual};
pub use request::{IndividualDraft, IndividualRequest};
pub use view::{IndividualRowView, IndividualView};

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

/// The operations on individuals.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/individuals", get(list::list).post(create::create))
        .route(
            "/individuals/{id}",
            get(get::get).patch(update::update).delete(delete::delete),
        )
        .route(
            "/individuals/{id}/set-relevant",
            post(set_relevant::set_relevant),
        )
}
