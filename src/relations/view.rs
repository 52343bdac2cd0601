//! What is answered of a relation.

use serde::Serialize;
use uuid::Uuid;

use super::{Holding, StoredRelation};
use crate::http::timestamp;

/// A relation, shown with the entity that holds it.
#[derive(Debug, Serialize)]
pub struct HeldRelationView<'r> {
    id: Uuid,
    to_company_id: Uuid,
    #[serde(flatten)]
    holding: &'r Holding,
    created_at: String,
    updated_at: String,
}

/// A relation by itself.
#[derive(Debug, Serialize)]
pub struct RelationView<'r> {
    from_company_id: Option<Uuid>,
    from_individual_id: Option<Uuid>,
    #[serde(flatten)]
    held: HeldRelationView<'r>,
}

impl<'r> HeldRelationView<'r> {
    /// The view of a relation.
    pub fn new(relation: &'r StoredRelation) -> Self {
        Self {
            id: relation.id,
            to_company_id: relation.to_company_id,
            holding: &relation.holding,
            created_at: timestamp(relation.created_at),
            updated_at: timestamp(relation.updated_at),
        }
    }
}

impl<'r> RelationView<'r> {
    /// The view of a relation.
    pub fn new(relation: &'r StoredRelation) -> Self {
        Self {
            from_company_id: relation.from_company_id,
            from_individual_id: relation.from_individual_id,
            held: HeldRelationView::new(relation),
        }
    }
}
