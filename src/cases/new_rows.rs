//! Everything that a new case leaves, on its way into the database.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Case, Digest, Review, Status};
use crate::custom_properties::Properties;
use crate::events::RecordRows;
use crate::http::Answer;
use crate::idempotency::Claim;
use crate::json;
use crate::values::{hex, timestamp};

/// The rows of one case, each list of them as JSON.
#[derive(Debug)]
pub struct NewRows {
    pub case: String,
    pub tags: String,
    pub companies: String,
    pub individuals: String,
    pub relations: String,
    pub reviews: String,
    /// Its activity and its events.
    pub record: RecordRows,
    /// Whether the case has no companies, individuals and tags, and nobody waits for its event.
    pub is_alone: bool,
    pub id: Uuid,
    pub written_at: DateTime<Utc>,
    /// The key of the request, which keeps the answer.
    pub claim: Option<Claim>,
    pub answer: Answer,
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
    metadata: Option<&'c BTreeMap<String, String>>,
    custom_properties: &'c Properties,
    /// As PostgreSQL reads bytes.
    item_digest: Option<String>,
    #[serde(serialize_with = "timestamp")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "timestamp")]
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct TagRow {
    case_id: Uuid,
    tag_id: Uuid,
    ordinal: usize,
}

#[derive(Debug, Serialize)]
struct ReviewRow<'c> {
    case_id: Uuid,
    #[serde(flatten)]
    review: &'c Review,
    #[serde(serialize_with = "timestamp")]
    created_at: DateTime<Utc>,
}

impl NewRows {
    /// The rows of a case, with what else it leaves. Each part of the case is gone once its row is
    /// there: a large case does not stand in memory beside all of its rows.
    ///
    /// # Errors
    /// None but those of a row that has no JSON form.
    pub fn new(
        case: Case,
        item_digest: Option<Digest>,
        record: RecordRows,
        claim: Option<Claim>,
        answer: Answer,
    ) -> Result<Self, serde_json::Error> {
        let is_alone = case.is_alone() && !record.is_awaited;
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
        };
        let tags = header.tags.iter().zip(1..).map(|(tag, ordinal)| TagRow {
            case_id: header.id,
            tag_id: tag.id,
            ordinal,
        });
        let reviews = case.reviews.iter().map(|review| ReviewRow {
            case_id: header.id,
            review,
            created_at: header.updated_at,
        });
        Ok(Self {
            case: json::rows([row])?,
            tags: json::rows(tags)?,
            reviews: json::rows(reviews)?,
            id: header.id,
            written_at: header.updated_at,
            companies: json::rows(case.companies)?,
            individuals: json::rows(case.individuals)?,
            relations: json::rows(case.relations)?,
            is_alone,
            record,
            claim,
            answer,
        })
    }

    /// How much they are, about, in bytes.
    pub fn size(&self) -> usize {
        let kept = self.claim.as_ref().map_or(0, |_| self.answer.body.len());
        let rows = [
            &self.tags,
            &self.companies,
            &self.individuals,
            &self.relations,
            &self.reviews,
        ];
        let record = [&self.record.events, &self.record.deliveries];
        let parts = rows.into_iter().chain(record).map(String::len);
        self.case.len() + kept + parts.sum::<usize>()
    }
}

/// One list of the rows of several cases.
pub fn joined(new: &[NewRows], of: impl Fn(&NewRows) -> &str) -> Cow<'_, str> {
    if let [one] = new {
        return Cow::Borrowed(of(one));
    }
    let length = new.iter().map(|it| of(it).len()).sum();
    let mut list = String::with_capacity(length);
    for rows in new {
        let items = of(rows)
            .strip_prefix('[')
            .and_then(|it| it.strip_suffix(']'));
        let items = items.unwrap_or_default();
        if !items.is_empty() {
            list.push(if list.is_empty() { '[' } else { ',' });
            list.push_str(items);
        }
    }
    list.push_str(if list.is_empty() { "[]" } else { "]" });
    Cow::Owned(list)
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
    pub fn of(new: &'n [NewRows]) -> Self {
        let mut keys = Self::default();
        for rows in new {
            let Some(claim) = &rows.claim else { continue };
            keys.keys.push(&claim.key);
            keys.hashes.push(&claim.request_hash);
            keys.case_ids.push(rows.id);
            keys.locations.push(rows.answer.location.as_deref());
            keys.bodies.push(&rows.answer.body);
            keys.created_at.push(rows.written_at);
        }
        keys
    }
}
