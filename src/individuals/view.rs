//! The response for an individual. Fields that are kept for compatibility are always empty.

use serde::Serialize;
use utoipa::ToSchema;

use uuid::Uuid;

use super::{Individual, StoredIndividual};
use crate::custom_properties::{Definition, PropertiesView, Target};
use crate::relations::{HeldRelationView, HeldRelationViews, RelationDetails, StoredRelation};
use crate::schema::{NoItems, PropertyValues};
use crate::values::Timestamp;

/// An individual in a list. Roles, position and percentages are those of its relation to the main company.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndividualRowView<'i> {
    /// The id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The case.
    case_id: Uuid,
    /// Whether it is relevant for the case.
    is_relevant: bool,
    #[serde(flatten)]
    individual: &'i Individual,
    #[serde(flatten)]
    holding: &'i RelationDetails,
    /// The time of creation.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The time of the last change of its own fields.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// The time of the last change of anything that belongs to it.
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
}

/// A whole individual.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndividualView<'i> {
    #[serde(flatten)]
    row: IndividualRowView<'i>,
    /// Every custom property that is not archived, by key; `null` if it has no value.
    #[schema(value_type = PropertyValues)]
    custom_properties: PropertiesView<'i>,
    /// Always empty; kept for compatibility.
    #[schema(value_type = NoItems)]
    checks: [(); 0],
    /// The relations that it holds in companies of the case.
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
    /// The id.
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
