//! The settings of a custom property.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PropertyType;
use super::definition::LARGEST;
use crate::schema::shape;
use crate::validation::{Code, Fault, Mode, NamedField, Number, Scope, Text, quote};
use crate::values::choice;
use crate::wire_object;

/// The names of the formats.
const FORMATS: [(&str, NumericFormat); 3] = [
    ("number", NumericFormat::Number),
    ("percent", NumericFormat::Percent),
    ("currency", NumericFormat::Currency),
];

wire_object! {
    /// The settings of a custom property. Each applies only to some types.
    SettingsRequest or "[]" {
        /// For `text`: allows up to 10,000 characters and several lines.
        "is_multi_line" => is_multi_line: bool = shape::flag().default(false),
        /// For `choices` and `countries`: allows more than one value.
        "allow_multiple" => allow_multiple: bool = shape::flag().default(false),
        /// For `numeric`: minimum value.
        "min" => min: Number = shape::number(-LARGEST, LARGEST).example(0),
        /// For `numeric`: maximum value.
        "max" => max: Number = shape::number(-LARGEST, LARGEST).example(100),
        /// For `numeric`: how a value is displayed.
        "format" => format: Text<'de> =
            shape::words(FORMATS.map(|it| it.0)).strict().default("number"),
        /// For `numeric` with the format `currency`: currency code (ISO 4217).
        "currency_code" => currency_code: Text<'de> =
            shape::text(3, 3).matching("^[A-Z]{3}$").example("EUR"),
    }
}

/// The stored settings. Those that do not apply to the type have their defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub is_multi_line: bool,
    pub allow_multiple: bool,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// How a number is displayed.
    pub format: NumericFormat,
    /// The currency (ISO 4217), for the format `currency`.
    pub currency_code: Option<String>,
}

/// How a number is displayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumericFormat {
    #[default]
    Number,
    Percent,
    Currency,
}

/// Parses the settings of a property of type `kind`. Refuses those that do not apply to the type.
pub fn settings(
    field: NamedField<SettingsRequest<'_>>,
    kind: Option<PropertyType>,
    mode: Mode,
    scope: &mut Scope<'_>,
) -> Settings {
    let name = field.name;
    let Some(mut sent) = scope.given(field) else {
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
        refuse_other_types(&settings, kind, &mut scope);
    }
    // An update is checked later, together with the settings that it keeps.
    if mode != Mode::Update {
        settings.check(&mut scope);
    }
    settings
}

/// Parses the minimum or maximum of a numeric property, whose values are within ±(2^53 - 1).
fn bound(field: NamedField<Number>, scope: &mut Scope<'_>) -> Option<f64> {
    let name = field.name;
    let number = scope.given(field)?.0;
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
    /// Checks the rules that involve several settings.
    pub fn check(&self, scope: &mut Scope<'_>) {
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            let message = format!("max must be at least min, which is {min}; {max} was found.");
            scope.key("max").refuse(Fault::new(Code::Range, message));
        }
        if self.currency_code.is_some() && self.format != NumericFormat::Currency {
            let message = "currency_code requires the format currency. Set format to currency, or currency_code \
                           to null.";
            let fault = Fault::new(Code::UnknownField, message);
            scope.key("currency_code").refuse(fault);
        }
    }
}

/// Refuses settings that apply only to other types.
fn refuse_other_types(settings: &Settings, kind: PropertyType, scope: &mut Scope<'_>) {
    let is_text = kind == PropertyType::Text;
    let is_list = matches!(kind, PropertyType::Choices | PropertyType::Countries);
    let is_numeric = kind == PropertyType::Numeric;
    let has_format = settings.format != NumericFormat::Number;
    let has_currency = settings.currency_code.is_some();
    for (key, is_sent, applies, types) in [
        ("is_multi_line", settings.is_multi_line, is_text, "text"),
        (
            "allow_multiple",
            settings.allow_multiple,
            is_list,
            "choices and countries",
        ),
        ("min", settings.min.is_some(), is_numeric, "numeric"),
        ("max", settings.max.is_some(), is_numeric, "numeric"),
        ("format", has_format, is_numeric, "numeric"),
        ("currency_code", has_currency, is_numeric, "numeric"),
    ] {
        if is_sent && !applies {
            let message = format!("{key} applies only to properties of type {types}. Remove it.");
            scope
                .key(key)
                .refuse(Fault::new(Code::UnknownField, message));
        }
    }
}

/// Parses a currency code with the form of ISO 4217: three upper-case letters.
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
