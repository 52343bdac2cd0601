//! The options of a custom property of type `choices`.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PropertyType;
use crate::schema::shape;
use crate::validation::{Code, Fault, Items, NamedField, Names, Scope, Text, list};
use crate::values::{Key, not_blank};
use crate::wire_object;

/// The maximum number of options of one property.
pub const MAX_OPTIONS: usize = 1_000;

wire_object! {
    /// An option of a property of type `choices`.
    OptionRequest {
        /// Key that values use for it.
        "key" => key: Text<'de> = Key::shape().required().example("cards"),
        /// Label for people.
        "label" => label: Text<'de> =
            shape::text(1, 255).example("Cards").matching(r"\S").required(),
    }
}

/// The options of a request.
pub type OptionsRequest<'de> = Items<OptionRequest<'de>, MAX_OPTIONS>;

/// An option of a property of type `choices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PropertyOption {
    /// Key that values use for it.
    pub key: String,
    /// Label for people.
    pub label: String,
}

/// The keys of the options of a definition. They are hashed, since a request can contain thousands of them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Options {
    keys: HashSet<String>,
    in_order: Names,
}

impl From<Vec<String>> for Options {
    fn from(keys: Vec<String>) -> Self {
        Self {
            keys: keys.iter().cloned().collect(),
            in_order: keys.into_iter().collect(),
        }
    }
}

impl FromIterator<String> for Options {
    fn from_iter<I: IntoIterator<Item = String>>(keys: I) -> Self {
        keys.into_iter().collect::<Vec<_>>().into()
    }
}

impl Options {
    /// Whether an option has this key.
    pub fn contains(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// The number of options.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys in their order.
    pub fn names(&self) -> Names {
        self.in_order.clone()
    }
}

/// Parses the options of a property of type `kind`. The type `choices` needs at least one, other types have none.
pub fn options(
    field: NamedField<OptionsRequest<'_>>,
    kind: Option<PropertyType>,
    scope: &mut Scope<'_>,
) -> Vec<PropertyOption> {
    let name = field.name;
    let options = list(scope, field, |mut sent: OptionRequest<'_>, scope| {
        sent.unknown_keys.refuse(scope, OptionRequest::KNOWN);
        let key = scope.required(sent.key(), Key::parse);
        let label = scope.required(sent.label(), not_blank(255));
        let key = key.map(|key| key.as_str().to_owned());
        Some(PropertyOption {
            key: key?,
            label: label?,
        })
    });
    let mut scope = scope.key(name);
    match kind {
        Some(PropertyType::Choices) if options.is_empty() => {
            let message = "A property of type choices needs at least one option.";
            scope.refuse(Fault::new(Code::Required, message));
        }
        Some(PropertyType::Choices) | None => {}
        Some(_) if !options.is_empty() => {
            let message = "Only a property of type choices has options. Remove them.";
            scope.refuse(Fault::new(Code::UnknownField, message));
        }
        Some(_) => {}
    }
    let mut unique: Vec<PropertyOption> = Vec::new();
    let mut keys = HashSet::new();
    for (index, option) in options.into_iter().enumerate() {
        let Some(option) = option else { continue };
        if !keys.insert(option.key.clone()) {
            let message = format!("The option {} appears twice. Keep one of them.", option.key);
            scope
                .index(index)
                .key("key")
                .refuse(Fault::new(Code::DuplicateValue, message));
        } else {
            unique.push(option);
        }
    }
    unique
}
