//! Custom properties, as they are stored and as responses have them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{PropertyOption, PropertyType, Settings, Target};
use crate::values::{Timestamp, number};

/// A stored custom property with its options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredProperty {
    pub id: Uuid,
    pub target: Target,
    pub key: String,
    pub label: String,
    #[serde(rename = "type")]
    pub kind: PropertyType,
    pub settings: Settings,
    #[serde(default)]
    pub options: Vec<PropertyOption>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub archived_at: Option<DateTime<Utc>>,
}

/// A custom property of the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct PropertyView<'p> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// Label for people.
    label: &'p str,
    /// Key that requests use for it.
    key: &'p str,
    /// Kind of object that has the property.
    target_entity: Target,
    /// Type of its values.
    #[serde(rename = "type")]
    kind: PropertyType,
    /// Settings of its type. Absent for a type without settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    settings: Option<Value>,
    /// Options, for the type `choices`. Absent in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<&'p [PropertyOption]>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it was archived; `null` if it is not. Requests cannot set an archived property.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    archived_at: Option<Timestamp>,
}

impl<'p> PropertyView<'p> {
    /// The view of a property in a list, without options.
    pub fn listed(property: &'p StoredProperty) -> Self {
        Self {
            id: property.id,
            label: &property.label,
            key: &property.key,
            target_entity: property.target,
            kind: property.kind,
            settings: settings(property.kind, &property.settings),
            options: None,
            created_at: property.created_at.into(),
            updated_at: property.updated_at.into(),
            archived_at: property.archived_at.map(Timestamp::from),
        }
    }

    /// The view of one property.
    pub fn new(property: &'p StoredProperty) -> Self {
        let has_options = property.kind == PropertyType::Choices;
        Self {
            options: has_options.then_some(&*property.options),
            ..Self::listed(property)
        }
    }
}

fn settings(kind: PropertyType, settings: &Settings) -> Option<Value> {
    match kind {
        PropertyType::Text => Some(json!({"is_multi_line": settings.is_multi_line})),
        PropertyType::Choices | PropertyType::Countries => {
            Some(json!({"allow_multiple": settings.allow_multiple}))
        }
        PropertyType::Numeric => Some(
            json!({"format": settings.format, "min": settings.min.map(number),
            "max": settings.max.map(number), "currency_code": settings.currency_code}),
        ),
        PropertyType::Email
        | PropertyType::Url
        | PropertyType::Date
        | PropertyType::PhoneNumber
        | PropertyType::Boolean => None,
    }
}
