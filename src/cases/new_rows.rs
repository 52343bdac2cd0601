//! Everything that a new case leaves, on its way into the database.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Error;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{Encode, Postgres, Type};
use uuid::Uuid;

use super::{Case, Digest, Review, Status};
use crate::companies::{Company, StoredCompany};
use crate::custom_properties::Properties;
use crate::events::ChangeRowsJson;
use crate::http::WriteResponse;
use crate::idempotency::Claim;
use crate::individuals::{Individual, StoredIndividual};
use crate::json;
use crate::relations::{RelationDetails, StoredRelation};
use crate::serialized;
use crate::values::{PlainText, hex, timestamp};

/// The rows of one case, as JSON.
#[derive(Debug)]
pub struct CaseRows {
    /// A list of one row: that of the case, with the rows of all that belongs to it.
    pub case: String,
    /// Its activity and its events.
    pub record: ChangeRowsJson,
    /// Whether the case has no companies, individuals and tags, and nobody waits for its event.
    pub is_alone: bool,
    pub id: Uuid,
    pub written_at: DateTime<Utc>,
    /// The key of the request, and the answer that is kept with it.
    pub kept: Option<(Claim, WriteResponse)>,
}

/// The own row of a case, as the statement reads it.
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
    /// As PostgreSQL reads bytes.
    item_digest: Option<String>,
    #[serde(serialize_with = "timestamp")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "timestamp")]
    updated_at: DateTime<Utc>,
    /// In their order.
    tags: Option<Vec<Uuid>>,
    reviews: Option<&'c [Review]>,
    companies: Option<Vec<CompanyRow<'c>>>,
    individuals: Option<Vec<IndividualRow<'c>>>,
    relations: Option<Vec<RelationRow<'c>>>,
}

/// The row of a company within that of its case.
#[derive(Debug)]
struct CompanyRow<'c> {
    id: Uuid,
    company: &'c Company,
    custom_properties: &'c Properties,
}

serialized!(CompanyRow { id, ..company, custom_properties });

/// The row of an individual within that of its case.
#[derive(Debug)]
struct IndividualRow<'c> {
    id: Uuid,
    individual: &'c Individual,
    pending_details: &'c RelationDetails,
    custom_properties: &'c Properties,
}

serialized!(IndividualRow { id, ..individual, ..pending_details, custom_properties });

/// The row of a relation within that of its case.
#[derive(Debug)]
struct RelationRow<'c> {
    id: Uuid,
    from_company_id: Option<Uuid>,
    from_individual_id: Option<Uuid>,
    to_company_id: Uuid,
    holding: &'c RelationDetails,
}

serialized!(RelationRow {
    id,
    from_company_id,
    from_individual_id,
    to_company_id,
    ..holding
});

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
            holding: &stored.holding,
        }
    }
}

/// The rows of a list, if there are any.
fn rows<'c, S, R: From<&'c S>>(list: &'c [S]) -> Option<Vec<R>> {
    (!list.is_empty()).then(|| list.iter().map(R::from).collect())
}

impl CaseRows {
    /// The rows of a case, with what else it leaves.
    ///
    /// # Errors
    /// None but those of a row that has no JSON form.
    pub fn new(
        case: &Case,
        item_digest: Option<Digest>,
        record: ChangeRowsJson,
        kept: Option<(Claim, WriteResponse)>,
    ) -> Result<Self, Error> {
        let is_alone = case.is_alone() && !record.has_deliveries;
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
            case: json::row(&row)?,
            id: header.id,
            written_at: header.updated_at,
            is_alone,
            record,
            kept,
        })
    }

    /// How much they are, about, in bytes.
    pub fn size(&self) -> usize {
        let kept = self.kept.as_ref();
        let kept = kept.map_or(0, |(_, response)| response.body.len());
        self.case.len() + self.record.events.len() + self.record.deliveries.len() + kept
    }
}

/// One list of the rows of several cases, as a parameter of a statement: it is put together where it is
/// sent from.
#[derive(Debug)]
pub struct Joined<'n>(&'n [CaseRows], fn(&CaseRows) -> &str);

/// One list of the rows of several cases.
pub fn joined(new: &[CaseRows], of: fn(&CaseRows) -> &str) -> Joined<'_> {
    Joined(new, of)
}

impl Joined<'_> {
    /// The rows of each case that has any, without the brackets around them.
    fn parts(&self) -> impl Iterator<Item = &str> {
        let Self(new, of) = self;
        let lists = new.iter().map(of);
        lists
            .filter_map(|it| it.strip_prefix('[')?.strip_suffix(']'))
            .filter(|it| !it.is_empty())
    }
}

impl Type<Postgres> for Joined<'_> {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Joined<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.push(b'[');
        for (index, part) in self.parts().enumerate() {
            if index > 0 {
                buffer.push(b',');
            }
            buffer.extend_from_slice(part.as_bytes());
        }
        buffer.push(b']');
        Ok(IsNull::No)
    }

    fn size_hint(&self) -> usize {
        // With a comma or a bracket behind each. The length in front of a parameter is in no hint: with
        // one byte too few all of them would be copied, into twice the room, as they still are where
        // answers are kept with keys, whose lengths no hint has either.
        self.parts().map(|it| it.len() + 1).sum::<usize>() + 64
    }
}

/// The rows of idempotency keys, column by column.
#[derive(Debug, Default)]
pub struct Keys<'n> {
    pub keys: Vec<&'n str>,
    pub hashes: Vec<&'n [u8]>,
    pub case_ids: Vec<Uuid>,
    pub locations: Vec<Option<&'n str>>,
    pub bodies: Vec<&'n [u8]>,
    pub created_at: Vec<DateTime<Utc>>,
}

impl<'n> Keys<'n> {
    /// Those of some cases, of which not every one has a key.
    pub fn of(new: &'n [CaseRows]) -> Self {
        let mut keys = Self::default();
        for rows in new {
            let Some((claim, response)) = &rows.kept else {
                continue;
            };
            keys.keys.push(&claim.key);
            keys.hashes.push(&claim.request_hash);
            keys.case_ids.push(rows.id);
            keys.locations.push(response.location.as_deref());
            keys.bodies.push(&response.body);
            keys.created_at.push(rows.written_at);
        }
        keys
    }
}
