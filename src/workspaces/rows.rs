//! What a workspace has, as it is stored and compared.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::custom_properties::{PropertyOption, PropertyType, Settings, Target};
use crate::templates::{Defaults, DefaultsDraft, RequiredPath};
use crate::values::TagLabel;

/// A row that a file can describe. The id is absent where a file leaves it to the server, and
/// where a kind has none.
pub trait Row: Clone + PartialEq {
    /// What it is, for people.
    const KIND: &'static str;

    /// The id, if it has one.
    fn id(&self) -> Option<Uuid>;

    /// Takes an id, unless its kind has none.
    fn set_id(&mut self, id: Uuid);

    /// What no other row of its kind in the workspace has.
    fn name(&self) -> String;

    /// The name without what does not tell two rows apart.
    fn folded_name(&self) -> String {
        self.name()
    }

    /// What differs from the row that is there and can never change.
    fn unchangeable(&self, _there: &Self) -> Option<&'static str> {
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
    /// What the file says of the defaults, before it is held against the workspace.
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

/// A space: its slug is what it is known by.
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

    /// Values are stored by key, in the form of their type.
    fn unchangeable(&self, there: &Self) -> Option<&'static str> {
        if self.kind != there.kind {
            Some("type")
        } else if self.target != there.target {
            Some("target")
        } else if self.key != there.key {
            Some("key")
        } else {
            None
        }
    }
}
