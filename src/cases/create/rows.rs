//! The rows of a new case, as the insert statement reads them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Error;
use uuid::Uuid;

use super::origin::Digest;
use crate::cases::model::{Case, Review, Status};
use crate::companies::{Company, StoredCompany};
use crate::custom_properties::Properties;
use crate::events::ChangeRowsJson;
use crate::http::WriteResponse;
use crate::idempotency::Claim;
use crate::individuals::{Individual, StoredIndividual};
use crate::json::Rows;
use crate::relations::{RelationDetails, StoredRelation};
use crate::values::{PlainText, hex, timestamp};

/// Everything that the statement writes for one case.
#[derive(Debug)]
pub struct CaseRows {
    /// The row of the case, with the rows of its tags, reviews, companies, individuals and relations as arrays.
    pub case: Rows,
    /// Its activity, events and deliveries.
    pub record: ChangeRowsJson,
    /// Whether the case has no companies, individuals, tags, reviews or deliveries.
    pub is_header_only: bool,
    pub id: Uuid,
    pub written_at: DateTime<Utc>,
    /// The idempotency key of the request, and the response that is stored with it.
    pub stored_response: Option<(Claim, WriteResponse)>,
}

/// The row of a case, as the statement reads it.
#[derive(Debug, Serialize)]
struct CaseRow<'c> {
    id: Uuid,
    name: &'c str,
    status: Status,
    external_id: Option<&'c str>,
    template_id: Option<Uuid>,
    assignee_id: Option<Uuid>,
    space_slug: Option<&'c str>,
    metadata: Option<&'c BTreeMap<PlainText, PlainText>>,
    custom_properties: &'c Properties,
    /// In the hex format of `bytea`.
    item_digest: Option<String>,
    #[serde(serialize_with = "timestamp")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "timestamp")]
    updated_at: DateTime<Utc>,
    /// In the order of the request.
    tags: Option<Vec<Uuid>>,
    reviews: Option<&'c [Review]>,
    companies: Option<Vec<CompanyRow<'c>>>,
    individuals: Option<Vec<IndividualRow<'c>>>,
    relations: Option<Vec<RelationRow<'c>>>,
}

/// The row of a company in the row of its case.
#[derive(Debug, Serialize)]
struct CompanyRow<'c> {
    id: Uuid,
    #[serde(flatten)]
    company: &'c Company,
    custom_properties: &'c Properties,
}

/// The row of an individual in the row of its case.
#[derive(Debug, Serialize)]
struct IndividualRow<'c> {
    id: Uuid,
    #[serde(flatten)]
    individual: &'c Individual,
    #[serde(flatten)]
    pending_details: &'c RelationDetails,
    custom_properties: &'c Properties,
}

/// The row of a relation in the row of its case.
#[derive(Debug, Serialize)]
struct RelationRow<'c> {
    id: Uuid,
    from_company_id: Option<Uuid>,
    from_individual_id: Option<Uuid>,
    to_company_id: Uuid,
    #[serde(flatten)]
    details: &'c RelationDetails,
}

impl<'c> From<&'c StoredCompany> for CompanyRow<'c> {
    fn from(stored: &'c StoredCompany) -> Self {
        Self {
            id: stored.id,
            company: &stored.company,
            custom_properties: &stored.custom_properties,
        }
    }
}

impl<'c> From<&'c StoredIndividual> for IndividualRow<'c> {
    fn from(stored: &'c StoredIndividual) -> Self {
        Self {
            id: stored.id,
            individual: &stored.individual,
            pending_details: &stored.pending_details,
            custom_properties: &stored.custom_properties,
        }
    }
}

impl<'c> From<&'c StoredRelation> for RelationRow<'c> {
    fn from(stored: &'c StoredRelation) -> Self {
        Self {
            id: stored.id,
            from_company_id: stored.from_company_id,
            from_individual_id: stored.from_individual_id,
            to_company_id: stored.to_company_id,
            details: &stored.holding,
        }
    }
}

/// The rows of a list. Returns `None` if it is empty.
fn rows<'c, S, R: From<&'c S>>(list: &'c [S]) -> Option<Vec<R>> {
    (!list.is_empty()).then(|| list.iter().map(R::from).collect())
}

impl CaseRows {
    /// Makes the rows of a case.
    ///
    /// # Errors
    /// Returns an error if a row has no JSON form.
    pub fn new(
        case: &Case,
        item_digest: Option<Digest>,
        record: ChangeRowsJson,
        stored_response: Option<(Claim, WriteResponse)>,
    ) -> Result<Self, Error> {
        let is_header_only = case.is_header_only() && !record.has_deliveries;
        let header = &case.header;
        let row = CaseRow {
            id: header.id,
            name: &header.name,
            status: header.status,
            external_id: header.external_id.as_deref(),
            template_id: header.template.as_ref().map(|it| it.id),
            assignee_id: header.assignee.as_ref().map(|it| it.id),
            space_slug: header.space_slug.as_deref(),
            metadata: header.metadata.as_ref(),
            custom_properties: &header.custom_properties,
            item_digest: item_digest.map(|it| format!("\\x{}", hex(&it))),
            created_at: header.created_at,
            updated_at: header.updated_at,
            tags: (!header.tags.is_empty()).then(|| header.tags.iter().map(|it| it.id).collect()),
            reviews: (!case.reviews.is_empty()).then_some(&case.reviews),
            companies: rows(&case.companies),
            individuals: rows(&case.individuals),
            relations: rows(&case.relations),
        };
        Ok(Self {
            case: Rows::omitting_nulls(&row)?,
            id: header.id,
            written_at: header.updated_at,
            is_header_only,
            record,
            stored_response,
        })
    }

    /// The approximate size of the rows in bytes.
    pub fn size(&self) -> usize {
        let stored = self.stored_response.as_ref();
        let stored = stored.map_or(0, |(_, response)| response.body.len());
        self.case.len() + self.record.events.len() + self.record.deliveries.len() + stored
    }
}
