//! Relations: who owns or represents a company.

mod model;
mod request;
mod view;

pub use model::{Holding, Role, StoredRelation};
pub use request::{
    RELATIONS, ROLE_NAMES, ROLES, RelationDraft, RelationRequest, Source, percentage, roles,
};
pub use view::{HeldRelationView, RelationView};
