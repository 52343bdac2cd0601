//! Definitions of custom properties as they may arrive.

use std::collections::HashSet;

use super::definition::LARGEST;
use super::{NumericFormat, PropertyType, Settings, Target};
use crate::schema::{self, shape};
use crate::validation::{
    Code, Fault, Field, Items, Member, Mode, Number, Object, Scope, Sent, Text, list, quote,
};
use crate::values::{Key, choice, not_blank};
use crate::wire_object;
use utoipa::ToSchema;

/// The most options of one property.
const OPTIONS: usize = 1_000;

wire_object! {
    /// The settings of a custom property; each is of one type alone.
    SettingsRequest or "[]" {
        /// Of `text`: up to 10,000 characters and several lines.
        "is_multi_line" => is_multi_line: bool = shape::flag().default(false),
        /// Of `choices` and `countries`: more than one value.
        "allow_multiple" => allow_multiple: bool = shape::flag().default(false),
        /// Of `numeric`: the least value.
        "min" => min: Number = shape::number(-LARGEST, LARGEST).example(0),
        /// Of `numeric`: the greatest value.
        "max" => max: Number = shape::number(-LARGEST, LARGEST).example(100),
        /// Of `numeric`: how people see it.
        "format" => format: Text<'de> =
            shape::words(FORMATS.map(|it| it.0)).strict().default("number"),
        /// Of `numeric` with the format `currency`: ISO 4217.
        "currency_code" => currency_code: Text<'de> =
            shape::text(3, 3).matching("^[A-Z]{3}$").example("EUR"),
    }
}

wire_object! {
    /// One value of a property of type `choices`.
    OptionRequest {
        /// What values call it.
        "key" => key: Text<'de> = Key::shape().required().example("cards"),
        /// What people read.
        "label" => label: Text<'de> =
            shape::text(1, 255).example("Cards").matching(r"\S").required(),
    }
}

/// Options as they may arrive.
pub type OptionsRequest<'de> = Items<OptionRequest<'de>, OPTIONS>;

wire_object! {
    /// A custom property: what the workspace adds to cases, companies or individuals.
    CustomPropertyRequest {
        /// What values call it, unique among those of its target.
        "key" => key: Text<'de> = Key::shape().required().example("segment"),
        /// What people read.
        "label" => label: Text<'de> =
            shape::text(1, 255).example("Segment").matching(r"\S").required(),
        /// What its values are; never changes.
        "type" => kind: Text<'de> = shape::words(TYPES.map(|it| it.0)).required(),
        /// Its settings.
        "settings" => settings: SettingsRequest<'de> = schema::object::<SettingsRequest<'_>>(),
        /// Of `choices`: at least one, each key once; replaced as a whole.
        "options" => options: OptionsRequest<'de> =
            shape::list(schema::item::<OptionRequest<'_>>(), OPTIONS),
        /// Whether it can no longer be given values.
        "archived" => archived: bool = shape::flag(),
    }
}

wire_object! {
    /// A change of a custom property: its key and type never change.
    CustomPropertyUpdateRequest {
        /// What people read.
        "label" => label: Text<'de> =
            shape::text(1, 255).example("Segment").matching(r"\S").required(),
        /// Its settings.
        "settings" => settings: SettingsRequest<'de> = schema::object::<SettingsRequest<'_>>(),
        /// Of `choices`: at least one, each key once; replaced as a whole.
        "options" => options: OptionsRequest<'de> =
            shape::list(schema::item::<OptionRequest<'_>>(), OPTIONS),
        /// Whether it can no longer be given values.
        "archived" => archived: bool = shape::flag(),
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
            sent_settings: Sent::default(),
            options: Some(options(self.options(), kind, scope)),
            archived: scope.given(self.archived()),
        }
    }
}

impl CustomPropertyUpdateRequest<'_> {
    /// The changes of a property of a type, their faults refused at their places.
    pub fn parse(mut self, kind: PropertyType, scope: &mut Scope<'_>) -> CustomPropertyDraft {
        let sent = self.sent();
        let sent_settings = match &self.settings {
            Field::Value(settings) => settings.sent(),
            Field::Null => SettingsRequest::KNOWN.to_vec(),
            Field::Missing | Field::Mismatch(_) => Vec::new(),
        };
        let sent_settings = Sent {
            members: sent_settings,
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

/// One option of a property of type choices.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct PropertyOption {
    /// What requests call it.
    pub key: String,
    /// What people read.
    pub label: String,
}

/// What can have custom properties.
pub const TARGETS: [(&str, Target); 3] = [
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
    mode: Mode,
    scope: &mut Scope<'_>,
) -> Settings {
    let name = member.name;
    let Some(mut sent) = scope.given(member) else {
        return Settings::default();
    };
    let mut scope = scope.key(name);
    sent.unknown_keys.refuse(&mut scope, SettingsRequest::KNOWN);
    let settings = Settings {
        is_multi_line: scope.given(sent.is_multi_line()).unwrap_or_default(),
        allow_multiple: scope.given(sent.allow_multiple()).unwrap_or_default(),
        min: bound(sent.min(), &mut scope),
        max: bound(sent.max(), &mut scope),
        format: scope
            .strict(sent.format(), |sent| choice(sent, &FORMATS))
            .unwrap_or_default(),
        currency_code: scope.optional(sent.currency_code(), currency),
    };
    if let Some(kind) = kind {
        refuse_of_other_types(&settings, kind, &mut scope);
    }
    // A change is checked together with what it leaves.
    if mode != Mode::Update {
        settings.check(&mut scope);
    }
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
        if self.currency_code.is_some() && self.format != NumericFormat::Currency {
            let message = "currency_code goes with the format currency alone. Set format to currency, or \
                           currency_code to null.";
            let fault = Fault::new(Code::UnknownField, message);
            scope.key("currency_code").refuse(fault);
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
}

/// The options of a property: at least one for choices, none for another type.
pub fn options(
    member: Member<OptionsRequest<'_>>,
    kind: Option<PropertyType>,
    scope: &mut Scope<'_>,
) -> Vec<PropertyOption> {
    let name = member.name;
    let options = list(scope, member, |mut sent: OptionRequest<'_>, scope| {
        sent.unknown_keys.refuse(scope, OptionRequest::KNOWN);
        let key = scope.required(sent.key(), Key::parse);
        let label = scope.required(sent.label(), not_blank(255));
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
    let mut keys = HashSet::new();
    for (index, option) in options.into_iter().enumerate() {
        let Some(option) = option else { continue };
        if !keys.insert(option.key.clone()) {
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
