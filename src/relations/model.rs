//! A relation as it is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use smallvec::SmallVec;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Holder;
use crate::events::{Change, Context, Event, Subject};
use crate::values::{Percentage, PlainText, timestamp};

/// The role of the holder in a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    LegalRepresentative,
    Shareholder,
}

/// Roles, each once: two at most, and mostly one.
pub type Roles = SmallVec<[Role; 2]>;

/// The details of a relation. All can be absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RelationDetails {
    /// Roles in the company.
    #[schema(value_type = Vec<Role>)]
    pub roles: Roles,
    /// Position of the holder in the company.
    #[schema(required)]
    pub position: Option<PlainText>,
    /// Share of the ownership, in percent.
    #[schema(required)]
    pub ownership_percentage: Option<Percentage>,
    /// Share of the voting rights, in percent.
    #[schema(required)]
    pub voting_rights_percentage: Option<Percentage>,
}

impl RelationDetails {
    /// Whether all details are absent.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Fills absent details. Returns the names of the fields that contradict present ones.
    pub fn fill(&mut self, shorthand: &Self) -> Vec<&'static str> {
        let mut contradicting = Vec::new();
        if self.roles.is_empty() {
            self.roles.clone_from(&shorthand.roles);
        } else if !shorthand.roles.is_empty()
            && (self.roles.len() != shorthand.roles.len()
                || shorthand
                    .roles
                    .iter()
                    .any(|role| !self.roles.contains(role)))
        {
            contradicting.push("roles");
        }
        if contradicts(&mut self.position, &shorthand.position) {
            contradicting.push("position");
        }
        if contradicts(
            &mut self.ownership_percentage,
            &shorthand.ownership_percentage,
        ) {
            contradicting.push("ownership_percentage");
        }
        if contradicts(
            &mut self.voting_rights_percentage,
            &shorthand.voting_rights_percentage,
        ) {
            contradicting.push("voting_rights_percentage");
        }
        contradicting
    }
}

/// Fills an absent value. Returns whether two present values differ.
fn contradicts<T: PartialEq + Clone>(held: &mut Option<T>, given: &Option<T>) -> bool {
    match (&held, given) {
        (_, None) => false,
        (None, Some(_)) => {
            held.clone_from(given);
            false
        }
        (Some(held), Some(given)) => held != given,
    }
}

/// A stored relation. Exactly one of the two holders is present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredRelation {
    pub id: Uuid,
    pub case_id: Uuid,
    pub from_company_id: Option<Uuid>,
    pub from_individual_id: Option<Uuid>,
    pub to_company_id: Uuid,
    #[serde(flatten)]
    pub holding: RelationDetails,
    #[serde(serialize_with = "timestamp")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "timestamp")]
    pub updated_at: DateTime<Utc>,
}

impl StoredRelation {
    /// A new relation.
    pub fn new(
        id: Uuid,
        case_id: Uuid,
        holder: Holder,
        to_company_id: Uuid,
        holding: RelationDetails,
        now: DateTime<Utc>,
    ) -> Self {
        let (from_company_id, from_individual_id) = match holder {
            Holder::Company(id) => (Some(id), None),
            Holder::Individual(id) => (None, Some(id)),
        };
        Self {
            id,
            case_id,
            from_company_id,
            from_individual_id,
            to_company_id,
            holding,
            created_at: now,
            updated_at: now,
        }
    }
}

impl StoredRelation {
    /// A change of this relation. Its event is that of the holder, whose response shows the relation.
    pub fn change(&self, version: i64) -> Change {
        let (subject, event) = match (self.from_company_id, self.from_individual_id) {
            (Some(id), _) => (Subject::Company(id), Event::COMPANY_INFO_UPDATED),
            (None, Some(id)) => (Subject::Individual(id), Event::INDIVIDUAL_INFO_UPDATED),
            // A constraint ensures that one is present.
            (None, None) => (Subject::Case, Event::CASE_INFO_UPDATED),
        };
        let relation = json!({"id": self.id, "from_company_id": self.from_company_id,
            "from_individual_id": self.from_individual_id, "to_company_id": self.to_company_id});
        Change::new(
            self.case_id,
            subject,
            version,
            "api__updated__case_relation",
        )
        .with_context(Context::Resource("case_relation", relation))
        .with_event(event)
    }
}
