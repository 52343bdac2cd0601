//! The definition of a custom property, and the check of a value.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::options::Options;
use super::{InputValue, Settings};
use crate::validation::{Code, Fault, Scope, quote};
use crate::values::{Country, Email, PhoneNumber, absolute_url, date, length, number};

/// The largest absolute value of a number: 2^53 - 1.
pub const LARGEST: f64 = 9_007_199_254_740_991.0;

/// The kind of object that has a custom property.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Case,
    Company,
    Individual,
}

impl Target {
    /// The name in requests and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Company => "company",
            Self::Individual => "individual",
        }
    }
}

/// The type of a custom property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PropertyType {
    Text,
    Email,
    Url,
    Date,
    PhoneNumber,
    Boolean,
    Numeric,
    Choices,
    Countries,
}

impl PropertyType {
    /// The name in requests and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Url => "url",
            Self::Date => "date",
            Self::PhoneNumber => "phone_number",
            Self::Boolean => "boolean",
            Self::Numeric => "numeric",
            Self::Choices => "choices",
            Self::Countries => "countries",
        }
    }
}

/// The definition of a custom property.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Definition {
    pub target: Target,
    pub key: String,
    #[serde(rename = "type")]
    pub kind: PropertyType,
    pub settings: Settings,
    pub archived: bool,
    pub options: Options,
}

impl Definition {
    /// Checks a value and returns it as it is stored. Adds each error to `scope`.
    pub fn check(&self, input: &InputValue, scope: &mut Scope<'_>) -> Option<Value> {
        let (expected, found) = match (self.kind, input) {
            (PropertyType::Boolean, InputValue::Boolean(value)) => return Some((*value).into()),
            (PropertyType::Numeric, InputValue::Number(value)) => {
                return self
                    .numeric(*value)
                    .map_err(|fault| scope.refuse(fault))
                    .ok();
            }
            (PropertyType::Choices | PropertyType::Countries, InputValue::List(items)) => {
                return self.list(items, scope);
            }
            (PropertyType::Boolean, other) => ("true or false", found(other)),
            (PropertyType::Numeric, other) => ("a number", found(other)),
            (PropertyType::Choices | PropertyType::Countries, other) => {
                ("a list of strings", found(other))
            }
            (_, InputValue::Text(text)) => return scope.parsed(text, |text| self.text(text)),
            (_, other) => ("a string", found(other)),
        };
        let message = format!("{} must be {expected}; {found} was found.", self.key);
        scope.refuse(Fault::new(Code::Type, message));
        None
    }

    pub(super) fn text(&self, sent: &str) -> Result<Value, Fault> {
        Ok(match self.kind {
            PropertyType::Email => {
                let email = Email::parse(sent)?;
                length(email.as_str(), 1, 250)?
            }
            PropertyType::Url => absolute_url(sent)?,
            PropertyType::Date => date(sent)?.to_string().into(),
            PropertyType::PhoneNumber => PhoneNumber::parse(sent)?.as_str().into(),
            PropertyType::Text if self.settings.is_multi_line => length(sent, 1, 10_000)?,
            PropertyType::Text
            | PropertyType::Boolean
            | PropertyType::Numeric
            | PropertyType::Choices
            | PropertyType::Countries => length(sent, 1, 250)?,
        })
    }

    fn numeric(&self, value: f64) -> Result<Value, Fault> {
        let min = self.settings.min.unwrap_or(-LARGEST);
        let max = self.settings.max.unwrap_or(LARGEST);
        if value >= min && value <= max {
            return Ok(number(value));
        }
        let message = format!(
            "{} must be from {min} to {max}; {} was found.",
            self.key,
            quote(&value.to_string())
        );
        Err(Fault::new(Code::Range, message))
    }

    fn list(&self, items: &[Option<String>], scope: &mut Scope<'_>) -> Option<Value> {
        if items.is_empty() {
            return None;
        }
        if items.len() > 1 && !self.settings.allow_multiple {
            let message = format!("{} takes one item; {} were found.", self.key, items.len());
            scope.refuse(Fault::new(Code::TooMany, message));
        }
        let mut unique: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let Some(item) = item else { continue };
            let mut scope = scope.index(index);
            match self.item(item) {
                Ok(item) if !seen.insert(item.clone()) => {
                    let message = format!("{} appears twice. Keep one of them.", quote(&item));
                    scope.refuse(Fault::new(Code::DuplicateValue, message));
                }
                Ok(item) => unique.push(item),
                Err(fault) => scope.refuse(fault),
            }
        }
        Some(unique.into())
    }

    pub(super) fn item(&self, sent: &str) -> Result<String, Fault> {
        if self.kind == PropertyType::Countries {
            return Ok(Country::parse(sent)?.as_str().to_owned());
        }
        if self.options.contains(sent) {
            return Ok(sent.to_owned());
        }
        let message = format!("{} has no option {}.", self.key, quote(sent));
        Err(Fault::new(Code::Choice, message)
            .with_candidates(sent, self.options.names())
            .with_allowed(self.options.names()))
    }
}

/// The JSON type of a value, for a message.
fn found(value: &InputValue) -> &'static str {
    match value {
        InputValue::Text(_) => "a string",
        InputValue::Boolean(_) => "a boolean",
        InputValue::Number(_) => "a number",
        InputValue::List(_) => "an array",
    }
}
