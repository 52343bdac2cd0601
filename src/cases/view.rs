//! What is answered of a case. Parts of the published answer that stand for features which this
//! server does not have are present and empty, so that typed clients can decode it.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Case, CaseHeader, Review, Status};
use crate::companies::CompanyView;
use crate::custom_properties::{Definition, Target, listed};
use crate::http::timestamp;
use crate::individuals::IndividualView;
use crate::relations::StoredRelation;
use crate::templates::Template;
use crate::users::User;

type Nothing = Option<()>;
type Empty = [(); 0];

/// A case as a list shows it, and as the answer to a change.
#[derive(Debug, Serialize)]
pub struct CaseRowView<'c> {
    id: Uuid,
    name: &'c str,
    status: Status,
    review: Option<ReviewView<'c>>,
    external_id: Option<&'c str>,
    space_slug: Option<&'c str>,
    template: Option<&'c Template>,
    template_id: Option<Uuid>,
    assignee_id: Option<Uuid>,
    contact_has_actions: bool,
    reviewer_has_actions: bool,
    flags: Empty,
    tags: Vec<&'c str>,
    risk: Nothing,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_properties: Option<BTreeMap<&'c str, Option<&'c Value>>>,
    metadata: Option<&'c BTreeMap<String, String>>,
    last_activity_at: String,
    last_contact_action_at: Nothing,
    created_at: String,
    updated_at: String,
}

/// A whole case.
#[derive(Debug, Serialize)]
pub struct CaseView<'c> {
    #[serde(flatten)]
    row: CaseRowView<'c>,
    controls: Empty,
    individuals: Vec<IndividualView<'c>>,
    companies: Vec<CompanyView<'c>>,
    assignee: Option<&'c User>,
    client_portal: Nothing,
}

/// A review.
#[derive(Debug, Serialize)]
pub struct ReviewView<'c> {
    id: Uuid,
    status: Status,
    comment: Option<&'c str>,
    /// Reviews come over the API; a key is nobody in particular.
    reviewer_type: &'static str,
    user: Nothing,
    reviewed_at: String,
    next_review_at: Option<NaiveDate>,
}

impl<'c> ReviewView<'c> {
    /// The view of a review.
    pub fn new(review: &'c Review) -> Self {
        Self {
            id: review.id,
            status: review.status,
            comment: review.comment.as_deref(),
            reviewer_type: "api",
            user: None,
            reviewed_at: timestamp(review.reviewed_at),
            next_review_at: review.next_review_at,
        }
    }
}

impl<'c> CaseRowView<'c> {
    /// The view of a case; it has custom properties where their definitions are given.
    pub fn new(case: &'c CaseHeader, definitions: Option<&'c [Definition]>) -> Self {
        let properties = definitions
            .map(|definitions| listed(&case.custom_properties, Target::Case, definitions));
        Self {
            id: case.id,
            name: &case.name,
            status: case.status,
            review: case.review.as_ref().map(ReviewView::new),
            external_id: case.external_id.as_deref(),
            space_slug: case.space_slug.as_deref(),
            template: case.template.as_ref(),
            template_id: case.template.as_ref().map(|it| it.id),
            assignee_id: case.assignee.as_ref().map(|it| it.id),
            contact_has_actions: false,
            reviewer_has_actions: false,
            flags: [],
            tags: case.tags.iter().map(|tag| tag.label.as_str()).collect(),
            risk: None,
            custom_properties: properties,
            metadata: case.metadata.as_ref(),
            last_activity_at: timestamp(case.last_activity_at),
            last_contact_action_at: None,
            created_at: timestamp(case.created_at),
            updated_at: timestamp(case.updated_at),
        }
    }
}

impl<'c> CaseView<'c> {
    /// The view of a case, with what is not relevant where that is asked for.
    pub fn new(case: &'c Case, with_not_relevant: bool) -> Self {
        let mut held: HashMap<Uuid, Vec<&'c StoredRelation>> = HashMap::new();
        for relation in &case.relations {
            let holder = relation.from_company_id.or(relation.from_individual_id);
            held.entry(holder.unwrap_or_default())
                .or_default()
                .push(relation);
        }
        let held = |id| held.get(id).map_or(&[][..], Vec::as_slice);
        let main = case.main_company();
        let definitions = &*case.definitions;
        let individuals = case.individuals.iter();
        let individuals = individuals
            .filter(|it| with_not_relevant || it.is_relevant)
            .map(|it| IndividualView::new(it, held(&it.id), main, definitions));
        let companies = case.companies.iter();
        let companies = companies
            .filter(|it| with_not_relevant || it.is_relevant)
            .map(|it| CompanyView::new(it, held(&it.id), definitions));
        Self {
            row: CaseRowView::new(&case.header, Some(definitions)),
            controls: [],
            individuals: individuals.collect(),
            companies: companies.collect(),
            assignee: case.header.assignee.as_ref(),
            client_portal: None,
        }
    }
    /// Its companies.
    pub fn companies(&self) -> &[CompanyView<'c>] {
        &self.companies
    }

    /// Its individuals.
    pub fn individuals(&self) -> &[IndividualView<'c>] {
        &self.individuals
    }
}

/// A case, as an event about a part of it shows it.
#[derive(Debug, Serialize)]
pub struct CaseContextView<'c> {
    id: Uuid,
    name: &'c str,
    status: Status,
    external_id: Option<&'c str>,
    contact_has_actions: bool,
    reviewer_has_actions: bool,
    flags: Empty,
    tags: Vec<&'c str>,
    metadata: Option<&'c BTreeMap<String, String>>,
    last_activity_at: String,
    client_portal: Nothing,
}

impl<'c> CaseContextView<'c> {
    /// The view of a case.
    pub fn new(case: &'c CaseHeader) -> Self {
        Self {
            id: case.id,
            name: &case.name,
            status: case.status,
            external_id: case.external_id.as_deref(),
            contact_has_actions: false,
            reviewer_has_actions: false,
            flags: [],
            tags: case.tags.iter().map(|tag| tag.label.as_str()).collect(),
            metadata: case.metadata.as_ref(),
            last_activity_at: timestamp(case.last_activity_at),
            client_portal: None,
        }
    }
}
