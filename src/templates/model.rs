//! A template.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Required;
use crate::http::timestamp;

/// A template, as far as a case shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub id: Uuid,
    pub name: String,
    pub key: String,
}

/// What a new case has where its request does not say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Defaults {
    /// Ids of tags.
    pub tags: Vec<Uuid>,
    pub assignee_id: Option<Uuid>,
    pub custom_properties: BTreeMap<String, Value>,
}

/// A template with what it asks of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplateRules {
    #[serde(flatten)]
    pub template: Template,
    pub defaults: Defaults,
    pub required: Vec<Required>,
}

/// A template of a workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredTemplate {
    #[serde(flatten)]
    pub rules: TemplateRules,
    pub description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub archived_at: Option<DateTime<Utc>>,
}

/// What is answered of a template.
#[derive(Debug, Serialize)]
pub struct TemplateView<'t> {
    id: Uuid,
    name: &'t str,
    key: &'t str,
    description: Option<&'t str>,
    /// This server approves nothing by itself.
    case_auto_approval: bool,
    defaults: &'t Defaults,
    required: &'t [Required],
    created_at: String,
    updated_at: String,
    archived_at: Option<String>,
}

impl<'t> TemplateView<'t> {
    /// The view of a template.
    pub fn new(stored: &'t StoredTemplate) -> Self {
        let TemplateRules {
            template,
            defaults,
            required,
        } = &stored.rules;
        Self {
            id: template.id,
            name: &template.name,
            key: &template.key,
            description: stored.description.as_deref(),
            case_auto_approval: false,
            defaults,
            required,
            created_at: timestamp(stored.created_at),
            updated_at: timestamp(stored.updated_at),
            archived_at: stored.archived_at.map(timestamp),
        }
    }
}
