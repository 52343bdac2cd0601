//! A case, as it is stored and as an answer is made of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::companies::Company;
use crate::custom_properties::Definition;
use crate::individuals::Individual;
use crate::relations::Holding;
use crate::tags::Tag;
use crate::templates::Template;
use crate::users::User;

/// Values of custom properties by key.
pub type Properties = BTreeMap<String, Value>;

/// A company of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredCompany {
    pub id: Uuid,
    #[serde(flatten)]
    pub company: Company,
    pub custom_properties: Properties,
}

/// An individual of a case, with what it says of itself where the case has no company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredIndividual {
    pub id: Uuid,
    #[serde(flatten)]
    pub individual: Individual,
    #[serde(flatten)]
    pub carried: Holding,
    pub custom_properties: Properties,
}

/// A relation of a case: exactly one of the two holders is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredRelation {
    pub id: Uuid,
    pub from_company_id: Option<Uuid>,
    pub from_individual_id: Option<Uuid>,
    pub to_company_id: Uuid,
    #[serde(flatten)]
    pub holding: Holding,
}

/// A whole case. It is made of a request in which nothing is wrong, or read from the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub id: Uuid,
    pub name: String,
    pub status: String,
    pub external_id: Option<String>,
    pub template: Option<Template>,
    pub assignee: Option<User>,
    pub space_slug: Option<String>,
    pub metadata: Option<BTreeMap<String, String>>,
    pub custom_properties: Properties,
    pub tags: Vec<Tag>,
    pub companies: Vec<StoredCompany>,
    pub individuals: Vec<StoredIndividual>,
    pub relations: Vec<StoredRelation>,
    /// The custom properties of the workspace, which every answer lists.
    #[serde(skip_serializing)]
    pub definitions: Vec<Definition>,
    pub created_at: DateTime<Utc>,
}
