//! The request bodies of a custom property.

use super::options::{MAX_OPTIONS, OptionRequest};
use super::{
    OptionsRequest, PropertyOption, PropertyType, Settings, SettingsRequest, Target, options,
    settings,
};
use crate::schema::{self, shape};
use crate::validation::{Fault, Field, Mode, Object, Scope, SentFields, Text};
use crate::values::{Key, choice, not_blank};
use crate::wire_object;

wire_object! {
    /// A custom property of cases, companies or individuals.
    CustomPropertyRequest {
        /// Key that requests use for it, unique for its target.
        "key" => key: Text<'de> = Key::shape().required().example("segment"),
        /// Label for people.
        "label" => label: Text<'de> =
            shape::text(1, 255).example("Segment").matching(r"\S").required(),
        /// Type of its values. It never changes.
        "type" => kind: Text<'de> = shape::words(TYPES.map(|it| it.0)).required(),
        /// Its settings.
        "settings" => settings: SettingsRequest<'de> = schema::object::<SettingsRequest<'_>>(),
        /// For `choices`: at least one option, each key once. An update replaces all options.
        "options" => options: OptionsRequest<'de> =
            shape::list(schema::item::<OptionRequest<'_>>(), MAX_OPTIONS),
        /// Whether it is archived: requests cannot set an archived property.
        "archived" => archived: bool = shape::flag(),
    }
}

wire_object! {
    /// An update of a custom property. Its key and type never change.
    CustomPropertyUpdateRequest {
        /// Label for people.
        "label" => label: Text<'de> =
            shape::text(1, 255).example("Segment").matching(r"\S").required(),
        /// Its settings.
        "settings" => settings: SettingsRequest<'de> = schema::object::<SettingsRequest<'_>>(),
        /// For `choices`: at least one option, each key once. An update replaces all options.
        "options" => options: OptionsRequest<'de> =
            shape::list(schema::item::<OptionRequest<'_>>(), MAX_OPTIONS),
        /// Whether it is archived: requests cannot set an archived property.
        "archived" => archived: bool = shape::flag(),
    }
}

/// The parsed fields of a custom property. In a create without errors, key, label and type are present.
#[derive(Debug, Clone)]
pub struct CustomPropertyDraft {
    pub key: Option<String>,
    pub label: Option<String>,
    pub kind: Option<PropertyType>,
    pub settings: Settings,
    /// The settings that an update sends. The others keep their values.
    pub sent_settings: SentFields,
    /// Replaces all options.
    pub options: Option<Vec<PropertyOption>>,
    pub archived: Option<bool>,
}

impl CustomPropertyRequest<'_> {
    /// Parses the fields and adds each error to `scope`.
    pub fn parse(mut self, scope: &mut Scope<'_>) -> CustomPropertyDraft {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let key = scope.required(self.key(), Key::parse);
        let label = scope.required(self.label(), not_blank(255));
        let kind = scope.required(self.kind(), property_type);
        CustomPropertyDraft {
            key: key.map(|key| key.as_str().to_owned()),
            label,
            kind,
            settings: settings(self.settings(), kind, Mode::Create, scope),
            sent_settings: SentFields::default(),
            options: Some(options(self.options(), kind, scope)),
            archived: scope.given(self.archived()),
        }
    }
}

impl CustomPropertyUpdateRequest<'_> {
    /// Parses an update of a property of type `kind`, and adds each error to `scope`.
    pub fn parse(mut self, kind: PropertyType, scope: &mut Scope<'_>) -> CustomPropertyDraft {
        let sent = self.sent_fields();
        let sent_settings = match &self.settings {
            Field::Value(settings) => settings.sent_fields(),
            Field::Null => SettingsRequest::KNOWN.to_vec(),
            Field::Missing | Field::Mismatch(_) => Vec::new(),
        };
        let sent_settings = SentFields {
            fields: sent_settings,
            nested: Vec::new(),
        };
        self.unknown_keys.refuse(scope, Self::KNOWN);
        CustomPropertyDraft {
            key: None,
            label: scope.required_in(Mode::Update, self.label(), not_blank(255)),
            kind: None,
            sent_settings,
            settings: settings(self.settings(), Some(kind), Mode::Update, scope),
            options: sent
                .contains(&"options")
                .then(|| options(self.options(), Some(kind), scope)),
            archived: scope.given(self.archived()),
        }
    }
}

/// The names of the targets.
pub const TARGETS: [(&str, Target); 3] = [
    ("case", Target::Case),
    ("company", Target::Company),
    ("individual", Target::Individual),
];
/// The names of the types.
const TYPES: [(&str, PropertyType); 9] = [
    ("text", PropertyType::Text),
    ("email", PropertyType::Email),
    ("url", PropertyType::Url),
    ("date", PropertyType::Date),
    ("phone_number", PropertyType::PhoneNumber),
    ("boolean", PropertyType::Boolean),
    ("numeric", PropertyType::Numeric),
    ("choices", PropertyType::Choices),
    ("countries", PropertyType::Countries),
];

/// Parses a target.
///
/// # Errors
/// Returns `choice` if there is no such target.
pub fn target(sent: &str) -> Result<Target, Fault> {
    choice(sent, &TARGETS)
}

/// Parses a type.
///
/// # Errors
/// Returns `choice` if there is no such type.
pub fn property_type(sent: &str) -> Result<PropertyType, Fault> {
    choice(sent, &TYPES)
}
