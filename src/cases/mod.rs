//! Cases: the mission, and the pattern that every feature repeats.

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

mod create;
mod draft;
mod get;
mod graph;
mod model;
mod references;
mod request;
mod store;
mod view;

pub use graph::{Entity, Graph, ResolvedRelation};
pub use model::{Case, CaseHeader, Review, Status};
pub use references::Known;
pub use request::{CaseDraft, CaseRequest, Reference, TemplateReference, read};

/// The operations on cases.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/cases", post(create::create))
        .route("/cases/{id}", get(get::get))
}
