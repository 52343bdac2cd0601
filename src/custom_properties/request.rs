//! Definitions of custom properties as they may arrive.

use super::{PropertyType, Settings, Target};
use crate::validation::{Code, Fault, Items, Member, Number, Scope, Text, list};
use crate::values::{Key, choice, not_blank};
use crate::wire_object;

/// The most options of one property.
const OPTIONS: usize = 1_000;

wire_object! {
    /// The settings of a custom property as they may arrive.
    SettingsRequest or "[]" {
        "is_multi_line" => is_multi_line: bool,
        "allow_multiple" => allow_multiple: bool,
        "min" => min: Number,
        "max" => max: Number,
    }
}

wire_object! {
    /// An option of a property of type choices as it may arrive.
    OptionRequest {
        "key" => key: Text<'de>,
        "label" => label: Text<'de>,
    }
}

/// Options as they may arrive.
pub type OptionsRequest<'de> = Items<OptionRequest<'de>, OPTIONS>;

/// One option of a property of type choices.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PropertyOption {
    pub key: String,
    pub label: String,
}

const TARGETS: [(&str, Target); 3] = [
    ("case", Target::Case),
    ("company", Target::Company),
    ("individual", Target::Individual),
];
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

/// What a custom property belongs to.
///
/// # Errors
/// `choice`.
pub fn target(sent: &str) -> Result<Target, Fault> {
    choice(sent, &TARGETS)
}

/// The type of a custom property.
///
/// # Errors
/// `choice`.
pub fn property_type(sent: &str) -> Result<PropertyType, Fault> {
    choice(sent, &TYPES)
}

/// The settings of a property of a type; those of another type are refused at their places.
pub fn settings(
    member: Member<SettingsRequest<'_>>,
    kind: Option<PropertyType>,
    scope: &mut Scope<'_>,
) -> Settings {
    let name = member.name;
    let Some(sent) = scope.given(member) else {
        return Settings::default();
    };
    let mut scope = scope.key(name);
    sent.strays.refuse(&mut scope, SettingsRequest::KNOWN);
    let settings = Settings {
        is_multi_line: scope.given(sent.is_multi_line).unwrap_or_default(),
        allow_multiple: scope.given(sent.allow_multiple).unwrap_or_default(),
        min: scope.given(sent.min).map(|number| number.0),
        max: scope.given(sent.max).map(|number| number.0),
    };
    let Some(kind) = kind else { return settings };
    let is_list = matches!(kind, PropertyType::Choices | PropertyType::Countries);
    for (key, given, fits, whose) in [
        (
            "is_multi_line",
            settings.is_multi_line,
            kind == PropertyType::Text,
            "text",
        ),
        (
            "allow_multiple",
            settings.allow_multiple,
            is_list,
            "choices and countries",
        ),
        (
            "min",
            settings.min.is_some(),
            kind == PropertyType::Numeric,
            "numeric",
        ),
        (
            "max",
            settings.max.is_some(),
            kind == PropertyType::Numeric,
            "numeric",
        ),
    ] {
        if given && !fits {
            let message = format!("{key} is a setting of {whose} alone. Remove it.");
            scope
                .key(key)
                .refuse(Fault::new(Code::UnknownField, message));
        }
    }
    if let (Some(min), Some(max)) = (settings.min, settings.max)
        && min > max
    {
        let message = format!("max must be at least min, which is {min}; {max} was found.");
        scope.key("max").refuse(Fault::new(Code::Range, message));
    }
    settings
}

/// The options of a property: at least one for choices, none for another type.
pub fn options(
    member: Member<OptionsRequest<'_>>,
    kind: Option<PropertyType>,
    scope: &mut Scope<'_>,
) -> Vec<PropertyOption> {
    let name = member.name;
    let options = list(scope, member, |sent: OptionRequest<'_>, scope| {
        sent.strays.refuse(scope, OptionRequest::KNOWN);
        let key = scope.required(sent.key, Key::parse);
        let label = scope.required(sent.label, not_blank(255));
        let key = key.map(|key| key.as_str().to_owned());
        Some(PropertyOption {
            key: key?,
            label: label?,
        })
    });
    let mut place = scope.key(name);
    match kind {
        Some(PropertyType::Choices) if options.is_empty() => {
            let message = "A property of type choices needs at least one option.";
            place.refuse(Fault::new(Code::Required, message));
        }
        Some(PropertyType::Choices) | None => {}
        Some(_) if !options.is_empty() => {
            let message = "Only a property of type choices has options. Remove them.";
            place.refuse(Fault::new(Code::UnknownField, message));
        }
        Some(_) => {}
    }
    let mut taken: Vec<PropertyOption> = Vec::new();
    for (index, option) in options.into_iter().enumerate() {
        let Some(option) = option else { continue };
        if taken.iter().any(|it| it.key == option.key) {
            let message = format!(
                "The option {} stands here twice. Keep one of them.",
                option.key
            );
            place
                .index(index)
                .key("key")
                .refuse(Fault::new(Code::DuplicateValue, message));
        } else {
            taken.push(option);
        }
    }
    taken
}
