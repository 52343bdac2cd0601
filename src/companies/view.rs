//! What is answered of a company. Parts that stand for features which this server does not have are
//! present and empty.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Company, StoredCompany};
use crate::custom_properties::{Definition, PropertiesView, Target};
use crate::relations::{HeldRelationView, HeldRelationViews, StoredRelation};
use crate::schema::{NoItems, Null, PropertyValues};
use crate::values::Timestamp;

/// A company as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyRowView<'c> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The case that it belongs to.
    case_id: Uuid,
    /// Whether it matters for the case.
    is_relevant: bool,
    #[serde(flatten)]
    company: &'c Company,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = Null, required)]
    entity_legal_form_label: Option<()>,
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

/// A whole company.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyView<'c> {
    #[serde(flatten)]
    row: CompanyRowView<'c>,
    /// Every custom property that is not archived, by key, with `null` where there is no value.
    #[schema(value_type = PropertyValues)]
    custom_properties: PropertiesView<'c>,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = NoItems)]
    document_orders: [(); 0],
    /// Stands for a feature that this server does not have.
    #[schema(value_type = NoItems)]
    checks: [(); 0],
    /// What it holds in companies of the case.
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
    /// Its id.
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
