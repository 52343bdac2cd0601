//! Applies a change to an object, field by field.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields that a change sends, for an object and its nested objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentFields {
    /// Fields of the object.
    pub fields: Vec<&'static str>,
    /// Fields of nested objects, which are changed one by one.
    pub nested: Vec<(&'static str, Vec<&'static str>)>,
}

/// Returns `current` with the sent fields of `parsed`. Serializes both, so that no second list of the fields of the
/// type is needed.
///
/// # Errors
/// Returns `serde_json::Error` if the type cannot be serialized and deserialized again.
pub fn overlay<T: Serialize + DeserializeOwned>(
    current: &T,
    parsed: &T,
    sent: &SentFields,
) -> Result<T, serde_json::Error> {
    let mut result = serde_json::to_value(current)?;
    let parsed = serde_json::to_value(parsed)?;
    if let (Value::Object(result), Value::Object(parsed)) = (&mut result, &parsed) {
        for field in &sent.fields {
            let nested = sent.nested.iter().find(|(name, _)| name == field);
            match (nested, result.get_mut(*field), parsed.get(*field)) {
                // The nested object has no field to change.
                (Some((_, fields)), _, _) if fields.is_empty() => {}
                (Some((_, fields)), Some(Value::Object(inner)), Some(Value::Object(from))) => {
                    copy(inner, from, fields);
                }
                // Only nulls were sent for the nested object.
                (Some((_, fields)), Some(Value::Object(inner)), Some(Value::Null)) => {
                    for field in fields {
                        inner.insert((*field).to_owned(), Value::Null);
                    }
                }
                (_, _, Some(value)) => drop(result.insert((*field).to_owned(), value.clone())),
                (_, _, None) => {}
            }
        }
    }
    serde_json::from_value(result)
}

fn copy(to: &mut Map<String, Value>, from: &Map<String, Value>, fields: &[&'static str]) {
    for field in fields {
        if let Some(value) = from.get(*field) {
            to.insert((*field).to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keeps_fields_that_were_not_sent() {
        let current = json!({"a": 1, "b": 2, "c": {"x": 1, "y": 2}, "d": {"x": 1},
            "e": {"x": 1, "y": 2}, "f": {"x": 1}});
        let parsed = json!({"a": 3, "b": 4, "c": {"x": 5, "y": 6}, "d": {"x": null},
            "e": null, "f": null});
        let sent = SentFields {
            fields: vec!["a", "c", "d", "e", "f"],
            nested: vec![("c", vec!["y"]), ("e", vec!["x"]), ("f", vec![])],
        };
        let expected = json!({"a": 3, "b": 2, "c": {"x": 1, "y": 6}, "d": {"x": null},
            "e": {"x": null, "y": 2}, "f": {"x": 1}});
        assert_eq!(overlay(&current, &parsed, &sent).unwrap(), expected);
    }
}
