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
pub use model::{RelationDetails, Role, Roles, StoredRelation};
pub use request::{
    HeldRelation, HeldRelationRequest, RELATIONS, RELATIONS_OF_CASE, ROLE_NAMES, ROLES,
    RelationDraft, RelationInputs, Source, percentage, position, relation_roles, roles,
};
pub use view::{HeldRelationView, HeldRelationViews, RelationView};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The routes under `/cases/{case}/relations`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(update::update, delete::delete))
}
