//! Custom properties as a filter names them.

use serde_json::{Value, json};

use super::{Definition, Definitions, PropertyType, Target};
use crate::validation::{Code, Fault, Names, quote};
use crate::values::{choice, number};

/// The object that the custom properties of something have to contain: a key and a value as a filter has them, which
/// is text. Of a list it is one item. Without a value, whether the key is known is all that is looked at.
///
/// # Errors
/// `custom_property_not_found` or `custom_property_archived`, and those of the value.
pub fn sought(
    all: &Definitions,
    target: Target,
    key: &str,
    value: Option<&str>,
) -> Result<Value, Fault> {
    let Some(definition) = all.find(target, key) else {
        let message = format!("This workspace has no custom property {} here.", quote(key));
        let named = |key: &str| format!("custom_properties.{key}");
        let keys: Names = all.keys(target).iter().map(named).collect();
        return Err(Fault::new(Code::CustomPropertyNotFound, message).suggesting(&named(key), keys));
    };
    if definition.archived {
        let message = format!("The custom property {key} is archived. No answer shows it.");
        return Err(Fault::new(Code::CustomPropertyArchived, message));
    }
    let Some(value) = value else {
        return Ok(Value::Null);
    };
    Ok(json!({ key: definition.sought(value)? }))
}

impl Definition {
    fn sought(&self, sent: &str) -> Result<Value, Fault> {
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
