//! Definitions of custom properties as they may arrive.

use super::definition::LARGEST;
use super::{NumericFormat, PropertyType, Settings, Target};
use crate::validation::{
    Code, Fault, Field, Items, Member, Mode, Number, Object, Scope, Sent, Text, list, quote,
};
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
        "format" => format: Text<'de>,
        "currency_code" => currency_code: Text<'de>,
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

wire_object! {
    /// A custom property as it may arrive.
    CustomPropertyRequest {
        "key" => key: Text<'de>,
        "label" => label: Text<'de>,
        "type" => kind: Text<'de>,
        "settings" => settings: SettingsRequest<'de>,
        "options" => options: OptionsRequest<'de>,
        "archived" => archived: bool,
    }
}

wire_object! {
    /// A change of a custom property as it may arrive: its key and type never change.
    CustomPropertyUpdateRequest {
        "label" => label: Text<'de>,
        "settings" => settings: SettingsRequest<'de>,
        "options" => options: OptionsRequest<'de>,
        "archived" => archived: bool,
    }
}

/// What a request says of a custom property. Of a new one, key, label and type are there.
#[derive(Debug, Clone)]
pub struct CustomPropertyDraft {
    pub key: Option<String>,
    pub label: Option<String>,
    pub kind: Option<PropertyType>,
    pub settings: Settings,
    /// The settings that were sent: those of a change that are absent stay.
    pub sent_settings: Sent,
    /// Replaced as a whole.
    pub options: Option<Vec<PropertyOption>>,
    pub archived: Option<bool>,
}

impl CustomPropertyRequest<'_> {
    /// The property, its faults refused at their places.
    pub fn parse(self, scope: &mut Scope<'_>) -> CustomPropertyDraft {
        self.strays.refuse(scope, Self::KNOWN);
        let key = scope.required(self.key, Key::parse);
        let label = scope.required(self.label, not_blank(255));
        let kind = scope.required(self.kind, property_type);
        CustomPropertyDraft {
            key: key.map(|key| key.as_str().to_owned()),
            label,
            kind,
            settings: settings(self.settings, kind, scope),
            sent_settings: Sent::default(),
            options: Some(options(self.options, kind, scope)),
            archived: scope.given(self.archived),
        }
    }
}

impl CustomPropertyUpdateRequest<'_> {
    /// The changes of a property of a type, their faults refused at their places.
    pub fn parse(self, kind: PropertyType, scope: &mut Scope<'_>) -> CustomPropertyDraft {
        let sent = self.sent();
        let sent_settings = match &self.settings.value {
            Field::Value(settings) => settings.sent(),
            Field::Null => SettingsRequest::KNOWN.to_vec(),
            Field::Missing | Field::Mismatch { .. } => Vec::new(),
        };
        let sent_settings = Sent {
            members: sent_settings,
            nested: Vec::new(),
        };
        self.strays.refuse(scope, Self::KNOWN);
        CustomPropertyDraft {
            key: None,
            label: scope.required_in(Mode::Update, self.label, not_blank(255)),
            kind: None,
            sent_settings,
            settings: settings(self.settings, Some(kind), scope),
            options: sent
                .contains(&"options")
                .then(|| options(self.options, Some(kind), scope)),
            archived: scope.given(self.archived),
        }
    }
}

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
const FORMATS: [(&str, NumericFormat); 3] = [
    ("number", NumericFormat::Number),
    ("percent", NumericFormat::Percent),
    ("currency", NumericFormat::Currency),
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

/// A currency code of ISO 4217's form: three capital letters.
fn currency(sent: &str) -> Result<String, Fault> {
    if sent.len() == 3 && sent.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(sent.to_owned());
    }
    let message = format!(
        "\"{}\" is not a currency code of ISO 4217, such as EUR.",
        quote(sent)
    );
    Err(Fault::new(Code::Format, message))
}

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
        min: bound(sent.min, &mut scope),
        max: bound(sent.max, &mut scope),
        format: scope
            .strict(sent.format, |sent| choice(sent, &FORMATS))
            .unwrap_or_default(),
        currency_code: scope.optional(sent.currency_code, currency),
    };
    if let Some(kind) = kind {
        refuse_of_other_types(&settings, kind, &mut scope);
    }
    settings.check(&mut scope);
    settings
}

/// A bound of a numeric property: no number beyond 2^53 - 1 can be one of its values.
fn bound(member: Member<Number>, scope: &mut Scope<'_>) -> Option<f64> {
    let name = member.name;
    let number = scope.given(member)?.0;
    if number.abs() <= LARGEST {
        return Some(number);
    }
    let message = format!(
        "A bound is a number from -{LARGEST} to {LARGEST}; {} was found.",
        quote(&number.to_string())
    );
    scope.key(name).refuse(Fault::new(Code::Range, message));
    None
}

impl Settings {
    /// The rules that concern several settings.
    pub fn check(&self, scope: &mut Scope<'_>) {
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            let message = format!("max must be at least min, which is {min}; {max} was found.");
            scope.key("max").refuse(Fault::new(Code::Range, message));
        }
    }
}

/// Settings that only another type has.
fn refuse_of_other_types(settings: &Settings, kind: PropertyType, scope: &mut Scope<'_>) {
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
        (
            "format",
            settings.format != NumericFormat::Number,
            kind == PropertyType::Numeric,
            "numeric",
        ),
        (
            "currency_code",
            settings.currency_code.is_some(),
            settings.format == NumericFormat::Currency,
            "numeric with the format currency",
        ),
    ] {
        if given && !fits {
            let message = format!("{key} is a setting of {whose} alone. Remove it.");
            scope
                .key(key)
                .refuse(Fault::new(Code::UnknownField, message));
        }
    }
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
