//! Relations: who owns or represents a company.

mod create;
mod delete;
mod hold;
mod members;
mod model;
mod request;
pub mod store;
mod update;
mod view;

pub use hold::hold;
pub use members::{Holder, Members};
pub use model::{Holding, Role, StoredRelation};
pub use request::{
    Bonds, HeldRelation, RELATIONS, ROLE_NAMES, ROLES, RelationDraft, RelationRequest, Source,
    percentage, position, relation_roles, roles,
};
pub use view::{HeldRelationView, RelationView};

use axum::Router;
use axum::routing::{patch, post};

use crate::state::AppState;

/// The operations on the relations of a case.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/cases/{case}/relations", post(create::create))
        .route(
            "/cases/{case}/relations/{id}",
            patch(update::update).delete(delete::delete),
        )
}
