//! The responses about cases. Fields of the published API without a feature in this server are always null, false or
//! empty, so that typed clients can decode them.

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

type AlwaysNull = Option<()>;
type AlwaysEmpty = [(); 0];

/// A case without its companies, individuals and relations: in a list, or the response to an update.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseRowView<'c> {
    /// UUID of version 7: ids sort by creation.
    id: Uuid,
    /// Name of the case.
    name: &'c str,
    /// Status of the case.
    status: Status,
    /// The review that set the status; `null` if the case is a draft or open.
    #[schema(required)]
    review: Option<ReviewView<'c>>,
    /// Your own id of the customer.
    #[schema(required)]
    external_id: Option<&'c str>,
    /// Slug of the space of the case.
    #[schema(required)]
    space_slug: Option<&'c str>,
    /// Template of the case.
    #[schema(required)]
    template: Option<&'c Template>,
    /// Id of the template.
    #[schema(required)]
    template_id: Option<Uuid>,
    /// Id of the user to whom the case is assigned.
    #[schema(required)]
    assignee_id: Option<Uuid>,
    /// Always `false`; kept for compatibility.
    contact_has_actions: bool,
    /// Always `false`; kept for compatibility.
    reviewer_has_actions: bool,
    /// Always empty; kept for compatibility.
    #[schema(value_type = NoItems)]
    flags: AlwaysEmpty,
    /// Labels of the tags, as the workspace spells them.
    tags: Vec<&'c str>,
    /// Always `null`; kept for compatibility.
    #[schema(value_type = Null, required)]
    risk: AlwaysNull,
    /// Every custom property that is not archived, by key; `null` means no value. In a list only with
    /// `include_custom_properties`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = PropertyValues)]
    custom_properties: Option<PropertiesView<'c>>,
    /// Your own strings, by key.
    #[schema(value_type = Option<BTreeMap<String, String>>, required)]
    metadata: Option<&'c BTreeMap<PlainText, PlainText>>,
    /// Time of the last change of the case, its companies, individuals or relations.
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
    /// Always `null`; kept for compatibility.
    #[schema(value_type = Null, required)]
    last_contact_action_at: AlwaysNull,
    /// Time of creation.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Time of the last change of the case itself.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A whole case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseView<'c> {
    #[serde(flatten)]
    row: CaseRowView<'c>,
    /// Always empty; kept for compatibility.
    #[schema(value_type = NoItems)]
    controls: AlwaysEmpty,
    /// Individuals, in the order of the request.
    individuals: Vec<IndividualView<'c>>,
    /// Companies, in the order of the request.
    companies: Vec<CompanyView<'c>>,
    /// The user to whom the case is assigned.
    #[schema(required)]
    assignee: Option<&'c User>,
    /// Always `null`; kept for compatibility.
    #[schema(value_type = Null, required)]
    client_portal: AlwaysNull,
}

/// A review.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewView<'c> {
    /// UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The decision.
    status: Status,
    /// The reason.
    #[schema(required)]
    comment: Option<&'c str>,
    /// Always `api`: reviews come from API keys, not from users.
    reviewer_type: &'static str,
    /// Always `null`; kept for compatibility.
    #[schema(value_type = Null, required)]
    user: AlwaysNull,
    /// Time of the decision.
    #[schema(value_type = String, format = DateTime)]
    reviewed_at: Timestamp,
    /// Day of the next review.
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
    /// The view of a case. It includes the custom properties if their definitions are given.
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
    /// The view of a case. Omits companies and individuals that are not relevant, unless `with_not_relevant`.
    pub fn new(case: &'c Case, with_not_relevant: bool) -> Self {
        let holder = |it: &StoredRelation| it.from_company_id.or(it.from_individual_id);
        let mut relations: Vec<_> = case.relations.iter().collect();
        // The sort is stable: the relations of one holder keep their order.
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

    /// The companies of the view.
    pub fn companies(&self) -> &[CompanyView<'c>] {
        &self.companies
    }

    /// The individuals of the view.
    pub fn individuals(&self) -> &[IndividualView<'c>] {
        &self.individuals
    }
}

/// The case of a company or an individual, in an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseContextView<'c> {
    /// UUID of version 7: ids sort by creation.
    id: Uuid,
    /// Name of the case.
    name: &'c str,
    /// Status of the case.
    status: Status,
    /// Your own id of the customer.
    #[schema(required)]
    external_id: Option<&'c str>,
    /// Always `false`; kept for compatibility.
    contact_has_actions: bool,
    /// Always `false`; kept for compatibility.
    reviewer_has_actions: bool,
    /// Always empty; kept for compatibility.
    #[schema(value_type = NoItems)]
    flags: AlwaysEmpty,
    /// Labels of the tags.
    tags: Vec<&'c str>,
    /// Your own strings, by key.
    #[schema(value_type = Option<BTreeMap<String, String>>, required)]
    metadata: Option<&'c BTreeMap<PlainText, PlainText>>,
    /// Time of the last change of the case, its companies, individuals or relations.
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
    /// Always `null`; kept for compatibility.
    #[schema(value_type = Null, required)]
    client_portal: AlwaysNull,
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
