//! Cases: the mission, and the pattern that every feature repeats.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

mod batch;
mod batch_view;
mod create;
mod created;
mod delete;
mod described;
mod draft;
mod gather;
mod get;
mod graph;
mod list;
mod model;
mod new_case;
mod new_rows;
mod references;
mod remembered;
mod request;
mod resolve;
mod review;
mod rules;
mod snapshots;
mod store;
mod tags;
mod update;
mod update_request;
mod updated;
mod view;

pub use graph::{Entity, Graph, ResolvedRelation};
pub use list::{FIELDS, LISTING};
pub use model::{Case, CaseHeader, Review, Status};
pub use new_case::CaseWriter;
pub use references::References;
pub use request::{CaseDraft, CaseRequest, Reference, SEVERAL, TemplateReference};
pub use snapshots::CaseSnapshots;
pub use update_request::CaseChanges;
pub use view::CaseView;

use created::created;
use updated::updated;

/// The SHA-256 of an item of a batch.
type Digest = [u8; 32];

/// The operations on cases.
pub fn routes() -> OpenApiRouter<AppState> {
    let mut routes = OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(batch::batch))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(review::review))
        .routes(routes!(tags::get, tags::add, tags::remove));
    described::describe(routes.get_openapi_mut());
    routes
}
