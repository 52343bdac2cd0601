//! Adapts the schemas to generators of clients.

use serde_json::{Map, Value, json};

/// The schemas of responses that may get more values. With a closed list, a generated client fails to decode the whole
/// response when a value is added.
const OPEN: [&str; 3] = ["Codes", "PropertyType", "Role"];

/// Opens lists of values that may grow, and moves defaults into descriptions: generators make a field with a default
/// required, and send it with every update.
pub fn adapt(document: &mut Value) {
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

/// Replaces the closed list of values by an open one.
fn open(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    if let Some(values) = schema.remove("enum") {
        schema.insert("x-extensible-enum".to_owned(), values);
        append(schema, "More values may be added: accept unknown values.");
    }
}

/// Moves the default of a field into its description. An update has no defaults.
fn describe_default(property: &mut Value, is_create: bool) {
    let Some(property) = property.as_object_mut() else {
        return;
    };
    let default = property.remove("default");
    match default {
        Some(default) if is_create && default != Value::Null && default != json!([]) => {
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
