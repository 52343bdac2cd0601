//! What is answered of a company. Parts that stand for features which this server does not have are
//! present and empty.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Company, StoredCompany};
use crate::custom_properties::{Definition, Target, listed};
use crate::http::described::{NoItems, Null, PropertyValues};
use crate::http::timestamp;
use crate::relations::{HeldRelationView, StoredRelation};

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
    #[schema(format = DateTime)]
    created_at: String,
    /// When its own members were last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When anything of it was last changed.
    #[schema(format = DateTime)]
    last_activity_at: String,
}

/// A whole company.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyView<'c> {
    #[serde(flatten)]
    row: CompanyRowView<'c>,
    /// Every custom property that is not archived, by key, with `null` where there is no value.
    #[schema(value_type = PropertyValues)]
    custom_properties: BTreeMap<&'c str, Option<&'c Value>>,
    /// Stands for a feature that this server does not have.
    #[schema(value_type = NoItems)]
    document_orders: [(); 0],
    /// Stands for a feature that this server does not have.
    #[schema(value_type = NoItems)]
    checks: [(); 0],
    /// What it holds in companies of the case.
    relations: Vec<HeldRelationView<'c>>,
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
            created_at: timestamp(stored.created_at),
            updated_at: timestamp(stored.updated_at),
            last_activity_at: timestamp(stored.updated_at),
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
            custom_properties: listed(&stored.custom_properties, Target::Company, definitions),
            document_orders: [],
            checks: [],
            relations: relations.map(|it| HeldRelationView::new(it)).collect(),
        }
    }
}
