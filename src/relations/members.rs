//! The companies, individuals and relations of a stored case, and the rules of their graph.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::request::RELATIONS_OF_CASE;
use crate::validation::{Code, Fault, Scope};

/// The holder of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    Company(Uuid),
    Individual(Uuid),
}

/// The companies, individuals and relations of a locked case, by their ids.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Members {
    pub main: Option<Uuid>,
    pub companies: HashSet<Uuid>,
    pub individuals: HashSet<Uuid>,
    /// Relations by their holder and the company in which they are held.
    #[serde(deserialize_with = "held")]
    pub held: HashMap<(Uuid, Uuid), Uuid>,
}

/// Reads rows of relation, holder and company.
fn held<'de, D: Deserializer<'de>>(rows: D) -> Result<HashMap<(Uuid, Uuid), Uuid>, D::Error> {
    let rows: Vec<(Uuid, Uuid, Uuid)> = Vec::deserialize(rows)?;
    let held = rows.into_iter().map(|(id, from, at)| ((from, at), id));
    Ok(held.collect())
}

impl Holder {
    /// The id.
    pub fn id(self) -> Uuid {
        match self {
            Self::Company(id) | Self::Individual(id) => id,
        }
    }
}

impl Members {
    /// Refuses a holder that is not in the case.
    pub fn check_holder(&self, holder: Holder, scope: &mut Scope<'_>) {
        let (key, code, what, is_known) = match holder {
            Holder::Company(id) => (
                "from_company_id",
                Code::CompanyNotFound,
                "company",
                self.companies.contains(&id),
            ),
            Holder::Individual(id) => (
                "from_individual_id",
                Code::IndividualNotFound,
                "individual",
                self.individuals.contains(&id),
            ),
        };
        if !is_known {
            let message = format!("This case has no {what} with the id {}.", holder.id());
            scope.key(key).refuse(Fault::new(code, message));
        }
    }

    /// Resolves the company in which a relation is held: the one that the request names, or the main company. Refuses a
    /// relation that the graph does not allow. `replaced` is the relation that is changed to this one.
    pub fn target(
        &self,
        holder: Holder,
        named: Option<Uuid>,
        replaced: Option<Uuid>,
        scope: &mut Scope<'_>,
    ) -> Option<Uuid> {
        let Some(to) = named.or(self.main) else {
            let message = "This case has no main company in which a relation could be held. Name \
                           a company with to_company_id.";
            let fault = Fault::new(Code::RelationWithoutCompany, message);
            scope.key("to_company_id").refuse(fault);
            return None;
        };
        if !self.companies.contains(&to) {
            let message = format!("This case has no company with the id {to}.");
            let fault = Fault::new(Code::CompanyNotFound, message);
            scope.key("to_company_id").refuse(fault);
            return None;
        }
        if replaced.is_none() && self.held.len() >= RELATIONS_OF_CASE {
            let message = format!("A case has at most {RELATIONS_OF_CASE} relations.");
            scope.refuse(Fault::new(Code::TooMany, message));
            return None;
        }
        if holder == Holder::Company(to) {
            let message = "A company cannot hold a relation in itself. Name another company with \
                           to_company_id.";
            let fault = Fault::new(Code::RelationToSelf, message);
            scope.key("to_company_id").refuse(fault);
            return None;
        }
        let twin = self.held.get(&(holder.id(), to));
        if let Some(id) = twin.filter(|id| Some(**id) != replaced) {
            let there = format!(
                "The relation {id} is held by the same in the company {to}: change that one."
            );
            let fault = Fault::relation_duplicate(there);
            scope.key("to_company_id").refuse(fault);
            return None;
        }
        Some(to)
    }
}
