//! The response for a company. Fields that are kept for compatibility are always empty.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Company, StoredCompany};
use crate::custom_properties::{Definition, PropertiesView, Target};
use crate::relations::{HeldRelationView, HeldRelationViews, StoredRelation};
use crate::schema::{NoItems, Null, PropertyValues};
use crate::values::Timestamp;

/// A company in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyRowView<'c> {
    /// The id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The case.
    case_id: Uuid,
    /// Whether it is relevant for the case.
    is_relevant: bool,
    #[serde(flatten)]
    company: &'c Company,
    /// Always null; kept for compatibility.
    #[schema(value_type = Null, required)]
    entity_legal_form_label: Option<()>,
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

/// A whole company.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyView<'c> {
    #[serde(flatten)]
    row: CompanyRowView<'c>,
    /// Every custom property that is not archived, by key; `null` if it has no value.
    #[schema(value_type = PropertyValues)]
    custom_properties: PropertiesView<'c>,
    /// Always empty; kept for compatibility.
    #[schema(value_type = NoItems)]
    document_orders: [(); 0],
    /// Always empty; kept for compatibility.
    #[schema(value_type = NoItems)]
    checks: [(); 0],
    /// The relations that it holds in companies of the case.
    #[schema(value_type = Vec<HeldRelationView<'c>>)]
    relations: HeldRelationViews<'c>,
}

impl<'c> CompanyRowView<'c> {
    /// The view of a company.
    pub fn new(stored: &'c StoredCompany) -> Self {
        Self {
            id: stored.id,
            case_id: stored.case_id,
            is_relevant: stored.is_relevant,
            company: &stored.company,
            entity_legal_form_label: None,
            created_at: stored.created_at.into(),
            updated_at: stored.updated_at.into(),
            last_activity_at: stored.updated_at.into(),
        }
    }
}

impl<'c> CompanyView<'c> {
    /// The id.
    pub fn id(&self) -> Uuid {
        self.row.id
    }

    /// The view of a company with the relations that it holds.
    pub fn new(
        stored: &'c StoredCompany,
        relations: &[&'c StoredRelation],
        definitions: &'c [Definition],
    ) -> Self {
        let relations = relations.iter();
        Self {
            row: CompanyRowView::new(stored),
            custom_properties: PropertiesView::new(
                &stored.custom_properties,
                Target::Company,
                definitions,
            ),
            document_orders: [],
            checks: [],
            relations: relations.map(|it| HeldRelationView::new(it)).collect(),
        }
    }
}
