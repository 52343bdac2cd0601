//! Cases: the mission, and the pattern that every feature repeats.

use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::state::AppState;

mod create;
mod created;
mod delete;
mod draft;
mod gather;
mod get;
mod graph;
mod list;
mod model;
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
pub use list::LISTING;
pub use model::{Case, CaseHeader, Review, Status};
pub use references::Known;
pub use request::{CaseDraft, CaseRequest, Reference, TemplateReference};
pub use snapshots::CaseSnapshots;
pub use update_request::CaseChanges;
pub use view::CaseView;

use create::Creates;
use created::created;
use updated::updated;

/// The operations on cases.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/cases", get(list::list).post(create::create))
        .route(
            "/cases/{case}",
            get(get::get).patch(update::update).delete(delete::delete),
        )
        .route("/cases/{case}/reviews", post(review::review))
        .route(
            "/cases/{case}/tags",
            get(tags::get).post(tags::add).delete(tags::remove),
        )
        .layer(Extension(Creates::default()))
}
