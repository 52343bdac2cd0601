//! The response for a relation.

use serde::Serialize;
use smallvec::SmallVec;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{RelationDetails, StoredRelation};
use crate::values::Timestamp;

/// A relation, in the response of its holder.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRelationView<'r> {
    /// The id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The company in which the relation is held.
    to_company_id: Uuid,
    #[serde(flatten)]
    holding: &'r RelationDetails,
    /// The time of creation.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The time of the last change of its own fields.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// The relations of one holder: mostly one.
pub type HeldRelationViews<'r> = SmallVec<[HeldRelationView<'r>; 1]>;

/// A relation by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelationView<'r> {
    /// The company that holds the relation; `null` if an individual does.
    #[schema(required)]
    from_company_id: Option<Uuid>,
    /// The individual that holds the relation; `null` if a company does.
    #[schema(required)]
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
            created_at: relation.created_at.into(),
            updated_at: relation.updated_at.into(),
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
