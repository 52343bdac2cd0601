//! A case, as it is stored. Responses are made from it.

use std::collections::BTreeMap;
use utoipa::ToSchema;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::companies::{CompanyType, StoredCompany};
use crate::custom_properties::{Definitions, Properties};
use crate::individuals::StoredIndividual;
use crate::relations::StoredRelation;
use crate::tags::Tag;
use crate::templates::Template;
use crate::users::User;
use crate::values::{PlainText, timestamp};

/// The status of a case. docs/cases.md has the transitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Draft,
    Open,
    Approved,
    Rejected,
    Closed,
}

/// A review of a case: the decision that sets its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub id: Uuid,
    pub status: Status,
    pub comment: Option<PlainText>,
    #[serde(serialize_with = "timestamp")]
    pub reviewed_at: DateTime<Utc>,
    pub next_review_at: Option<NaiveDate>,
}

/// A case without its companies, individuals and relations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseHeader {
    pub id: Uuid,
    pub name: PlainText,
    pub status: Status,
    /// `None` if the case is a draft or open.
    pub review: Option<Review>,
    pub external_id: Option<PlainText>,
    pub template: Option<Template>,
    pub assignee: Option<User>,
    pub space_slug: Option<PlainText>,
    pub metadata: Option<BTreeMap<PlainText, PlainText>>,
    pub custom_properties: Properties,
    pub tags: Vec<Tag>,
    /// The version of the case with its companies, individuals and relations.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub last_activity_at: DateTime<Utc>,
}

/// A whole case. It comes from a valid request or from the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    #[serde(flatten)]
    pub header: CaseHeader,
    /// The reviews in the history of a new case. A case from the database has only `review`.
    #[serde(skip)]
    pub reviews: Vec<Review>,
    pub companies: Vec<StoredCompany>,
    pub individuals: Vec<StoredIndividual>,
    pub relations: Vec<StoredRelation>,
    /// The custom properties of the workspace. Every response lists them.
    #[serde(skip_serializing)]
    pub definitions: Definitions,
}

impl Case {
    /// Whether the case has no companies, individuals, tags and reviews.
    pub fn is_header_only(&self) -> bool {
        self.companies.is_empty()
            && self.individuals.is_empty()
            && self.header.tags.is_empty()
            && self.reviews.is_empty()
    }

    /// The id of the main company, if there is one.
    pub fn main_company(&self) -> Option<Uuid> {
        let mut companies = self.companies.iter();
        companies
            .find(|it| it.company.kind == CompanyType::Main)
            .map(|it| it.id)
    }
}

impl Status {
    /// The names of all statuses.
    pub const WORDS: [&'static str; 5] = ["draft", "open", "approved", "rejected", "closed"];

    /// The name of the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Closed => "closed",
        }
    }
}
