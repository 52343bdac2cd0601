//! Cases: the central feature, and the pattern for all others.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

mod create;
mod delete;
mod fields;
mod get;
mod list;
mod model;
mod references;
mod required;
mod review;
mod snapshots;
mod store;
mod tags;
mod update;
mod update_request;
mod updated;
mod view;

pub use create::{CaseDraft, CaseRequest, CaseWriter};
pub use list::{FIELDS, LISTING};
pub use model::{Case, CaseHeader, Review, Status};
pub use references::References;
pub use snapshots::CaseSnapshots;
pub use update_request::CaseChanges;
pub use view::CaseView;

/// The operations on cases.
pub fn routes() -> OpenApiRouter<AppState> {
    let mut routes = OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(create::batch))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(review::review))
        .routes(routes!(tags::get, tags::add, tags::remove));
    create::add_examples(routes.get_openapi_mut());
    routes
}
