//! The rows of a workspace that a file can describe.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::custom_properties::{PropertyOption, PropertyType, Settings, Target};
use crate::templates::{Defaults, DefaultsDraft, RequiredPath};
use crate::values::TagLabel;

/// A row that a file can describe. It has no id if the file leaves it out, or if its kind has none.
pub trait Row: Clone + PartialEq {
    /// The name of the kind, for messages.
    const KIND: &'static str;

    /// Returns the id, if there is one.
    fn id(&self) -> Option<Uuid>;

    /// Sets the id, unless the kind has none.
    fn set_id(&mut self, id: Uuid);

    /// Returns the name, which is unique in its kind and workspace.
    fn name(&self) -> String;

    /// Returns the normalized name. Two rows with the same normalized name are the same row.
    fn folded_name(&self) -> String {
        self.name()
    }

    /// Returns the first field that differs from the stored row but cannot change.
    fn changed_constant(&self, _stored: &Self) -> Option<&'static str> {
        None
    }
}

/// A template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplateRow {
    pub id: Option<Uuid>,
    pub key: String,
    pub name: String,
    pub description: Option<String>,
    pub defaults: Defaults,
    pub required: Vec<RequiredPath>,
    pub archived: bool,
    /// The defaults in the file, before they are resolved against the workspace.
    #[serde(skip)]
    pub draft: DefaultsDraft,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagRow {
    pub id: Option<Uuid>,
    pub label: String,
    pub folded_label: String,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRow {
    pub id: Option<Uuid>,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub suspended: bool,
}

/// A space, which its slug identifies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpaceRow {
    pub slug: String,
    pub name: String,
}

/// A custom property with its options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomPropertyRow {
    pub id: Option<Uuid>,
    pub target: Target,
    pub key: String,
    pub label: String,
    #[serde(rename = "type")]
    pub kind: PropertyType,
    pub settings: Settings,
    pub options: Vec<PropertyOption>,
    pub archived: bool,
}

impl Row for TemplateRow {
    const KIND: &'static str = "template";

    fn id(&self) -> Option<Uuid> {
        self.id
    }

    fn set_id(&mut self, id: Uuid) {
        self.id = Some(id);
    }

    fn name(&self) -> String {
        self.key.clone()
    }
}

impl Row for TagRow {
    const KIND: &'static str = "tag";

    fn id(&self) -> Option<Uuid> {
        self.id
    }

    fn set_id(&mut self, id: Uuid) {
        self.id = Some(id);
    }

    fn name(&self) -> String {
        self.label.clone()
    }

    fn folded_name(&self) -> String {
        TagLabel::fold(&self.label).into()
    }
}

impl Row for UserRow {
    const KIND: &'static str = "user";

    fn id(&self) -> Option<Uuid> {
        self.id
    }

    fn set_id(&mut self, id: Uuid) {
        self.id = Some(id);
    }

    fn name(&self) -> String {
        self.email.clone()
    }
}

impl Row for SpaceRow {
    const KIND: &'static str = "space";

    fn id(&self) -> Option<Uuid> {
        None
    }

    fn set_id(&mut self, _: Uuid) {}

    fn name(&self) -> String {
        self.slug.clone()
    }
}

impl Row for CustomPropertyRow {
    const KIND: &'static str = "custom property";

    fn id(&self) -> Option<Uuid> {
        self.id
    }

    fn set_id(&mut self, id: Uuid) {
        self.id = Some(id);
    }

    fn name(&self) -> String {
        format!("{} {}", self.target.as_str(), self.key)
    }

    /// Values are stored by key, in the format of their type.
    fn changed_constant(&self, stored: &Self) -> Option<&'static str> {
        if self.kind != stored.kind {
            Some("type")
        } else if self.target != stored.target {
            Some("target")
        } else if self.key != stored.key {
            Some("key")
        } else {
            None
        }
    }
}
