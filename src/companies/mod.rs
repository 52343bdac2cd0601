//! Companies of a case.

mod create;
mod delete;
mod get;
mod list;
mod model;
mod part;
mod pending;
mod request;
mod set_relevant;
mod update;
mod view;

pub use list::{FIELDS, LISTING};
pub use model::{Classification, Company, CompanyStatus, CompanyType, StoredCompany};
pub use part::FoundCompany;
pub use request::{CompanyChanges, CompanyDraft, CompanyRequest};
pub use view::{CompanyRowView, CompanyView};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The routes under `/companies`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(set_relevant::set_relevant))
}
