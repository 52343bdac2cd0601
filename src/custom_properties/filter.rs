//! Filters by custom properties.

use serde_json::{Value, json};

use super::{Definition, Definitions, PropertyType, Target, not_found};
use crate::validation::{Code, Fault, Names, quote};
use crate::values::{choice, number};

/// Converts a filter to the JSON object that the custom properties must contain (`@>`). The value of a list property is
/// one of its items. Returns null if there is no value, after checking the key.
///
/// # Errors
/// Returns `custom_property_not_found`, `custom_property_archived`, or the error of the value.
pub fn filter_object(
    all: &Definitions,
    target: Target,
    key: &str,
    value: Option<&str>,
) -> Result<Value, Fault> {
    let Some(definition) = all.find(target, key) else {
        let message = not_found(target, key);
        let parameter = |key: &str| format!("custom_properties.{key}");
        let known: Names = all.keys(target).iter().map(parameter).collect();
        let fault = Fault::new(Code::CustomPropertyNotFound, message);
        return Err(fault.with_candidates(&parameter(key), known));
    };
    if definition.archived {
        let message = format!("The custom property {key} is archived. Remove this filter.");
        return Err(Fault::new(Code::CustomPropertyArchived, message));
    }
    let Some(value) = value else {
        return Ok(Value::Null);
    };
    Ok(json!({ key: definition.filter_value(value)? }))
}

impl Definition {
    fn filter_value(&self, sent: &str) -> Result<Value, Fault> {
        match self.kind {
            PropertyType::Boolean => {
                choice(sent, &[("true", true), ("false", false)]).map(Value::from)
            }
            PropertyType::Numeric => match sent.trim().parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(number(value)),
                _ => {
                    let message =
                        format!("\"{}\" is not a number, such as 42 or 0.5.", quote(sent));
                    Err(Fault::new(Code::Format, message))
                }
            },
            PropertyType::Choices | PropertyType::Countries => Ok(json!([self.item(sent)?])),
            PropertyType::Text
            | PropertyType::Email
            | PropertyType::Url
            | PropertyType::Date
            | PropertyType::PhoneNumber => self.text(sent),
        }
    }
}
