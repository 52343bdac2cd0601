//! What is answered of a case. Parts of the published answer that stand for features which this
//! server does not have are present and empty, so that typed clients can decode it.

use std::collections::BTreeMap;
use utoipa::ToSchema;

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use super::model::{Case, CaseHeader, Review, Status};
use crate::companies::CompanyView;
use crate::custom_properties::{Definition, PropertiesView, Target};
use crate::individuals::IndividualView;
use crate::relations::StoredRelation;
use crate::schema::{NoItems, Null, PropertyValues};
use crate::templates::Template;
use crate::users::User;
use crate::values::{PlainText, Timestamp};

type Nothing = Option<()>;
type Empty = [(); 0];

/// A case as a list shows it, and as the answer to a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseRowView<'c> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// What people call the case.
    name: &'c str,
    /// Where the case stands.
    status: Status,
    /// The decision that the status comes from; `null` of a draft or an open case.
    #[schema(required)]
    review: Option<ReviewView<'c>>,
    /// The caller's own id of the customer.
    #[schema(required)]
    external_id: Option<&'c str>,
    /// The space that the case lies in.
    #[schema(required)]
    space_slug: Option<&'c str>,
    /// The template.
    #[schema(required)]
    template: Option<&'c Template>,
    /// The id of the template.
    #[schema(required)]
    template_id: Option<Uuid>,
    /// The user who works on it.
    #[schema(required)]
    assignee_id: Option<Uuid>,
    /// Stands for a feature that this server does not have.
    contact_has_actions: bool,
    /// Stands for a feature that this server does not have.
    reviewer_has_actions: bool,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = NoItems)]
    flags: Empty,
    /// Labels of its tags, in the workspace's spelling.
    tags: Vec<&'c str>,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = Null, required)]
    risk: Nothing,
    /// Every custom property that is not archived, by key, with `null` where there is no value; in a
    /// list only where it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = PropertyValues)]
    custom_properties: Option<PropertiesView<'c>>,
    /// The caller's own texts, by key.
    #[schema(value_type = Option<BTreeMap<String, String>>, required)]
    metadata: Option<&'c BTreeMap<PlainText, PlainText>>,
    /// When anything of the case was last changed.
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = Null, required)]
    last_contact_action_at: Nothing,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its own members were last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A whole case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseView<'c> {
    #[serde(flatten)]
    row: CaseRowView<'c>,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = NoItems)]
    controls: Empty,
    /// Individuals, in the order of the request.
    individuals: Vec<IndividualView<'c>>,
    /// Companies, in the order of the request.
    companies: Vec<CompanyView<'c>>,
    /// The user who works on it.
    #[schema(required)]
    assignee: Option<&'c User>,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = Null, required)]
    client_portal: Nothing,
}

/// A review.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewView<'c> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The decision.
    status: Status,
    /// Why.
    #[schema(required)]
    comment: Option<&'c str>,
    /// Reviews come over the API; a key is nobody in particular.
    reviewer_type: &'static str,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = Null, required)]
    user: Nothing,
    /// When it was decided.
    #[schema(value_type = String, format = DateTime)]
    reviewed_at: Timestamp,
    /// The day of the next review.
    #[schema(required)]
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
            reviewed_at: review.reviewed_at.into(),
            next_review_at: review.next_review_at,
        }
    }
}

impl<'c> CaseRowView<'c> {
    /// The view of a case; it has custom properties where their definitions are given.
    pub fn new(case: &'c CaseHeader, definitions: Option<&'c [Definition]>) -> Self {
        let properties = definitions.map(|definitions| {
            PropertiesView::new(&case.custom_properties, Target::Case, definitions)
        });
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
            last_activity_at: case.last_activity_at.into(),
            last_contact_action_at: None,
            created_at: case.created_at.into(),
            updated_at: case.updated_at.into(),
        }
    }
}

impl<'c> CaseView<'c> {
    /// The view of a case, with what is not relevant where that is asked for.
    pub fn new(case: &'c Case, with_not_relevant: bool) -> Self {
        let holder = |it: &StoredRelation| it.from_company_id.or(it.from_individual_id);
        let mut relations: Vec<_> = case.relations.iter().collect();
        // Those of one holder stay in their order.
        relations.sort_by_key(|it| holder(it));
        let held = |id: &Uuid| {
            let begin = relations.partition_point(|it| holder(it) < Some(*id));
            let end = relations.partition_point(|it| holder(it) <= Some(*id));
            relations.get(begin..end).unwrap_or_default()
        };
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
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseContextView<'c> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// Its name.
    name: &'c str,
    /// Where it stands.
    status: Status,
    /// The caller's own id of the customer.
    #[schema(required)]
    external_id: Option<&'c str>,
    /// Stands for a feature that this server does not have.
    contact_has_actions: bool,
    /// Stands for a feature that this server does not have.
    reviewer_has_actions: bool,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = NoItems)]
    flags: Empty,
    /// Tags.
    tags: Vec<&'c str>,
    /// The caller's own texts, by key.
    #[schema(value_type = Option<BTreeMap<String, String>>, required)]
    metadata: Option<&'c BTreeMap<PlainText, PlainText>>,
    /// When anything of it was last changed.
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = Null, required)]
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
            last_activity_at: case.last_activity_at.into(),
            client_portal: None,
        }
    }
}
