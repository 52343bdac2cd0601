//! Individuals of a case.

mod changes;
mod create;
mod delete;
mod get;
mod list;
mod model;
mod part;
mod request;
mod set_relevant;
mod update;
mod view;

pub use changes::IndividualChanges;
pub use list::LISTING;
pub use model::{Gender, Individual, StoredIndividual};
pub use part::FoundIndividual;
pub use request::{IndividualDraft, IndividualRequest};
pub use view::{IndividualRowView, IndividualView};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The routes under `/individuals`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(set_relevant::set_relevant))
}
