//! What is answered of a company. Parts that stand for features which this server does not have are
//! present and empty.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Company, StoredCompany};
use crate::custom_properties::{Definition, Target, listed};
use crate::http::timestamp;
use crate::relations::{HeldRelationView, StoredRelation};

/// A company as a list shows it.
#[derive(Debug, Serialize)]
pub struct CompanyRowView<'c> {
    id: Uuid,
    case_id: Uuid,
    is_relevant: bool,
    #[serde(flatten)]
    company: &'c Company,
    entity_legal_form_label: Option<()>,
    created_at: String,
    updated_at: String,
    last_activity_at: String,
}

/// A whole company.
#[derive(Debug, Serialize)]
pub struct CompanyView<'c> {
    #[serde(flatten)]
    row: CompanyRowView<'c>,
    custom_properties: BTreeMap<&'c str, Option<&'c Value>>,
    document_orders: [(); 0],
    checks: [(); 0],
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
