//! What a relation says.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::values::Percentage;

/// What an entity is to a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    LegalRepresentative,
    Shareholder,
}

/// What one relation says of its holder in a company. Empty, it says only that there is one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Holding {
    pub roles: Vec<Role>,
    pub position: Option<String>,
    pub ownership_percentage: Option<Percentage>,
    pub voting_rights_percentage: Option<Percentage>,
}

impl Holding {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A relation as it is stored: exactly one of the two holders is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredRelation {
    pub id: Uuid,
    pub case_id: Uuid,
    pub from_company_id: Option<Uuid>,
    pub from_individual_id: Option<Uuid>,
    pub to_company_id: Uuid,
    #[serde(flatten)]
    pub holding: Holding,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
