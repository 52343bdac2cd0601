//! Templates, as they are stored and as responses have them.

use std::collections::BTreeMap;
use utoipa::ToSchema;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::RequiredPath;
use crate::schema::PropertyValues;
use crate::values::{PlainText, Timestamp};

/// The template of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NestedTemplate)]
pub struct Template {
    /// Its id, a UUID of version 7: ids sort by creation.
    pub id: Uuid,
    /// Its name.
    pub name: PlainText,
    /// Key that requests use for it.
    pub key: PlainText,
}

/// The default values for the fields that a new case does not send.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Defaults {
    /// Ids of tags.
    pub tags: Vec<Uuid>,
    /// User to whom the case is assigned.
    #[schema(required)]
    pub assignee_id: Option<Uuid>,
    /// Values of custom properties, by key.
    #[schema(value_type = PropertyValues)]
    pub custom_properties: BTreeMap<String, Value>,
}

/// A template with its defaults and required fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplateRules {
    #[serde(flatten)]
    pub template: Template,
    pub defaults: Defaults,
    pub required: Vec<RequiredPath>,
}

/// A stored template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredTemplate {
    #[serde(flatten)]
    pub rules: TemplateRules,
    pub description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub archived_at: Option<DateTime<Utc>>,
}

/// A template of the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateView<'t> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// Its name.
    name: &'t str,
    /// Key that requests use for it.
    key: &'t str,
    /// What the template is for.
    #[schema(required)]
    description: Option<&'t str>,
    /// Always `false`: this server never approves a case automatically.
    case_auto_approval: bool,
    /// Default values for the fields that a new case does not send.
    defaults: &'t Defaults,
    /// Paths of the fields that an open case must have.
    required: &'t [RequiredPath],
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it was archived; `null` if it is not. New cases cannot use an archived template.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    archived_at: Option<Timestamp>,
}

impl<'t> TemplateView<'t> {
    /// The view of a stored template.
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
