//! A template.

use std::collections::BTreeMap;
use utoipa::ToSchema;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Required;
use crate::schema::PropertyValues;
use crate::values::{PlainText, Timestamp};

/// A template, as far as a case shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NestedTemplate)]
pub struct Template {
    /// Its id, a UUID of version 7: ids sort by creation.
    pub id: Uuid,
    /// Its name.
    pub name: PlainText,
    /// What requests call it.
    pub key: PlainText,
}

/// What a new case has where its request does not say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Defaults {
    /// Ids of tags.
    pub tags: Vec<Uuid>,
    /// The user who works on it.
    #[schema(required)]
    pub assignee_id: Option<Uuid>,
    /// Every custom property that is not archived, by key, with `null` where there is no value.
    #[schema(value_type = PropertyValues)]
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
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateView<'t> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// Its name.
    name: &'t str,
    /// What requests call it.
    key: &'t str,
    /// What it means.
    #[schema(required)]
    description: Option<&'t str>,
    /// This server approves nothing by itself.
    case_auto_approval: bool,
    /// What a new case has where it says nothing itself.
    defaults: &'t Defaults,
    /// Paths to what an open case must have.
    required: &'t [Required],
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its own members were last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Since when new things cannot use it; `null` of one that is in use.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    archived_at: Option<Timestamp>,
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
            created_at: stored.created_at.into(),
            updated_at: stored.updated_at.into(),
            archived_at: stored.archived_at.map(Timestamp::from),
        }
    }
}
