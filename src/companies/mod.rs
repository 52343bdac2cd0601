//! Companies of a case.

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

pub use get::snapshot;
pub use list::LISTING;
pub use model::{Classification, Company, CompanyStatus, CompanyType, StoredCompany};
pub use request::{CompanyChanges, CompanyDraft, CompanyRequest};
pub use view::{CompanyRowView, CompanyView};

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

/// The operations on companies.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/companies", get(list::list).post(create::create))
        .route(
            "/companies/{id}",
            get(get::get).patch(update::update).delete(delete::delete),
        )
        .route(
            "/companies/{id}/set-relevant",
            post(set_relevant::set_relevant),
        )
}
