//! What is answered of an individual. Parts that stand for features which this server does not have
//! are present and empty.

use serde::Serialize;
use utoipa::ToSchema;

use uuid::Uuid;

use super::{Individual, StoredIndividual};
use crate::custom_properties::{Definition, PropertiesView, Target};
use crate::relations::{HeldRelationView, HeldRelationViews, RelationDetails, StoredRelation};
use crate::schema::{NoItems, PropertyValues};
use crate::values::Timestamp;

/// An individual as a list shows it; roles, position and percentages mirror its relation to the
/// main company.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndividualRowView<'i> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The case that it belongs to.
    case_id: Uuid,
    /// Whether it matters for the case.
    is_relevant: bool,
    #[serde(flatten)]
    individual: &'i Individual,
    #[serde(flatten)]
    holding: &'i RelationDetails,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its own members were last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When anything of it was last changed.
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
}

/// A whole individual.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndividualView<'i> {
    #[serde(flatten)]
    row: IndividualRowView<'i>,
    /// Every custom property that is not archived, by key, with `null` where there is no value.
    #[schema(value_type = PropertyValues)]
    custom_properties: PropertiesView<'i>,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = NoItems)]
    checks: [(); 0],
    /// What it holds in companies of the case.
    #[schema(value_type = Vec<HeldRelationView<'i>>)]
    relations: HeldRelationViews<'i>,
}

impl<'i> IndividualRowView<'i> {
    /// The view of an individual with its relation to the main company, if it has one.
    pub fn new(stored: &'i StoredIndividual, to_main: Option<&'i RelationDetails>) -> Self {
        Self {
            id: stored.id,
            case_id: stored.case_id,
            is_relevant: stored.is_relevant,
            individual: &stored.individual,
            holding: to_main.unwrap_or(&stored.pending_details),
            created_at: stored.created_at.into(),
            updated_at: stored.updated_at.into(),
            last_activity_at: stored.updated_at.into(),
        }
    }
}

impl<'i> IndividualView<'i> {
    /// Its id.
    pub fn id(&self) -> Uuid {
        self.row.id
    }

    /// The view of an individual with the relations that it holds in the companies of its case.
    pub fn new(
        stored: &'i StoredIndividual,
        relations: &[&'i StoredRelation],
        main: Option<Uuid>,
        definitions: &'i [Definition],
    ) -> Self {
        let to_main = relations.iter().find(|it| Some(it.to_company_id) == main);
        let holding = to_main.map(|it| &it.holding);
        let relations = relations.iter();
        Self {
            row: IndividualRowView::new(stored, holding),
            custom_properties: PropertiesView::new(
                &stored.custom_properties,
                Target::Individual,
                definitions,
            ),
            checks: [],
            relations: relations.map(|it| HeldRelationView::new(it)).collect(),
        }
    }
}
