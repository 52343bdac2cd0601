//! The relations that a new entity of a stored case holds.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{HeldRelation, Holder, Members, StoredRelation};
use crate::ids::IdSource;
use crate::validation::{Fault, Scope};

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
    let mut seen = HashSet::new();
    for (index, relation) in held.iter().enumerate() {
        let Some(relation) = relation else { continue };
        let mut place = list.index(index);
        let Some(to) = members.target(holder, relation.to_company_id, None, &mut place) else {
            continue;
        };
        if !seen.insert(to) {
            let there = format!("A relation before this one is held in the company {to} too.");
            place.refuse(Fault::relation_duplicate(there));
            continue;
        }
        let id = ids.next(now);
        let holding = relation.holding.clone();
        relations.push(StoredRelation::new(id, case_id, holder, to, holding, now));
    }
    relations
}
