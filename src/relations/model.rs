//! What a relation says.

use serde::{Deserialize, Serialize};

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
