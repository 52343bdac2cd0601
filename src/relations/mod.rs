//! Relations: who owns or represents a company.

mod model;
mod request;

pub use model::{Holding, Role};
pub use request::{
    RELATIONS, ROLE_NAMES, ROLES, RelationDraft, RelationRequest, Source, percentage, roles,
};
