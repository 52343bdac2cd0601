//! The relations of a new company or individual of a stored case.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{HeldRelation, Holder, Members, StoredRelation};
use crate::ids::IdSource;
use crate::validation::{Fault, Scope};

/// Resolves the relations of a new company or individual, and refuses those that the graph does not allow.
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
    let mut seen = HashSet::new();
    for (index, relation) in held.iter().enumerate() {
        let Some(relation) = relation else { continue };
        let mut scope = list.index(index);
        let Some(to) = members.target(holder, relation.to_company_id, None, &mut scope) else {
            continue;
        };
        if !seen.insert(to) {
            let there =
                format!("An earlier relation of this list is held in the company {to} too.");
            scope.refuse(Fault::relation_duplicate(there));
            continue;
        }
        let id = ids.next(now);
        let holding = relation.holding.clone();
        relations.push(StoredRelation::new(id, case_id, holder, to, holding, now));
    }
    relations
}
