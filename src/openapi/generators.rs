//! What generated clients need of the schemas.

use serde_json::{Map, Value, json};

/// The schemas of answers whose values may become more. A closed list would make a generated client lose a whole
/// response when a value is added.
const OPEN: [&str; 3] = ["Codes", "PropertyType", "Role"];

/// Makes schemas such that generated clients stay right: lists of values that may grow are open, and a default is in
/// the description, since generators take a field with a default for a required one, and send it with every change.
pub fn suit_generators(document: &mut Value) {
    let schemas = document.pointer_mut("/components/schemas");
    let Some(schemas) = schemas.and_then(Value::as_object_mut) else {
        return;
    };
    for (name, schema) in schemas {
        if OPEN.contains(&name.as_str()) {
            open(schema);
        }
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for property in properties.into_iter().flat_map(Map::values_mut) {
            describe_default(property, !name.contains("Update"));
        }
    }
}

/// Replaces a list of all values by a list of those that are known.
fn open(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    if let Some(values) = schema.remove("enum") {
        schema.insert("x-extensible-enum".to_owned(), values);
        append(schema, "Other values may be added: accept an unknown one.");
    }
}

/// Says what a field is without a value; a change without it leaves it as it is.
fn describe_default(property: &mut Value, is_of_new: bool) {
    let Some(property) = property.as_object_mut() else {
        return;
    };
    let default = property.remove("default");
    match default {
        Some(default) if is_of_new && default != Value::Null && default != json!([]) => {
            let text = match &default {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            append(property, &format!("Default: `{text}`."));
        }
        _ => {}
    }
}

fn append(schema: &mut Map<String, Value>, text: &str) {
    let described = schema.get("description").and_then(Value::as_str);
    let described = described.map_or_else(|| text.to_owned(), |it| format!("{it} {text}"));
    schema.insert("description".to_owned(), described.into());
}
