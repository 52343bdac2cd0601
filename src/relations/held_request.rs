//! Relations of a new entity of a stored case.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::request::{percentage, position, relation_roles};
use super::{Holder, Holding, Members, ROLES, StoredRelation};
use crate::validation::{Code, Fault, Items, Number, Scope, Text};
use crate::values::{IdSource, uuid};
use crate::wire_object;

wire_object! {
    /// A relation that a new entity holds, as it may arrive.
    HeldRelationRequest {
        "to_company_id" => to_company_id: Text<'de>,
        "voting_rights_percentage" => voting_rights_percentage: Number,
        "ownership_percentage" => ownership_percentage: Number,
        "roles" => roles: Items<Text<'de>, ROLES>,
        "position" => position: Text<'de>,
    }
}

/// A relation that a new entity holds.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldRelation {
    /// None is the main company.
    pub to_company_id: Option<Uuid>,
    pub holding: Holding,
}

impl HeldRelationRequest<'_> {
    /// The relation, its faults refused at their places.
    pub fn parse(self, scope: &mut Scope<'_>) -> Option<HeldRelation> {
        self.strays.refuse(scope, Self::KNOWN);
        Some(HeldRelation {
            to_company_id: scope.optional(self.to_company_id, uuid),
            holding: Holding {
                voting_rights_percentage: percentage(scope, self.voting_rights_percentage),
                ownership_percentage: percentage(scope, self.ownership_percentage),
                roles: relation_roles(scope, self.roles),
                position: scope.optional(self.position, position),
            },
        })
    }
}

/// The relations that a new entity of a case holds; what the graph forbids is refused at its place
/// below `relations`.
pub fn hold(
    held: &[Option<HeldRelation>],
    case_id: Uuid,
    holder: Holder,
    members: &Members,
    ids: &IdSource,
    now: DateTime<Utc>,
    scope: &mut Scope<'_>,
) -> Vec<StoredRelation> {
    let mut list = scope.key("relations");
    let mut relations: Vec<StoredRelation> = Vec::new();
    for (index, relation) in held.iter().enumerate() {
        let Some(relation) = relation else { continue };
        let mut place = list.index(index);
        let Some(to) = members.target(holder, relation.to_company_id, None, &mut place) else {
            continue;
        };
        if relations.iter().any(|it| it.to_company_id == to) {
            let message = format!("A relation before this one is held in the company {to} too.");
            place.refuse(Fault::new(Code::RelationDuplicate, message));
            continue;
        }
        let id = ids.next(now);
        let holding = relation.holding.clone();
        relations.push(StoredRelation::new(id, case_id, holder, to, holding, now));
    }
    relations
}
