//! Simplifies the generated schemas for readers and for generators of clients.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

const SCHEMAS: &str = "#/components/schemas/";

/// Replaces copies of a named schema by references, inlines small schemas, merges `allOf` into one object, removes
/// unused schemas, and removes `View` from names.
pub fn tidy(document: &mut Value) {
    let named = named(document);
    refer(document, &named);
    inline(document, &named);
    lift(document);
    while flatten(document) {}
    prune(document);
    rename(document);
}

fn named(document: &Value) -> Map<String, Value> {
    let schemas = document.pointer("/components/schemas");
    schemas
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

fn target(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)
}

/// Visits every value, inner values first.
fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|it| walk(it, visit)),
        Value::Array(items) => items.iter_mut().for_each(|it| walk(it, visit)),
        _ => {}
    }
    visit(value);
}

/// Replaces the items of a page, which are a copy of a named schema, by a reference.
fn refer(document: &mut Value, named: &Map<String, Value>) {
    walk(document, &mut |value| {
        if let Some(items) = value.get_mut("items")
            && let Some((name, _)) = named.iter().find(|(_, schema)| *schema == items)
        {
            *items = serde_json::json!({"$ref": format!("{SCHEMAS}{name}")});
        }
    });
}

/// Whether a schema is inlined: it has no properties, values or choices.
fn is_small(schema: &Value) -> bool {
    schema.get("enum").is_none()
        && schema.get("properties").is_none()
        && schema.get("allOf").is_none()
        && schema.get("oneOf").is_none()
}

/// Inlines small schemas, and adds `null` to the type of a nullable one.
fn inline(document: &mut Value, named: &Map<String, Value>) {
    walk(document, &mut |value| {
        if let Some(schema) = target(value)
            .and_then(|name| named.get(name))
            .filter(|it| is_small(it))
        {
            let about = value.get("description").cloned();
            *value = schema.clone();
            if let (Some(about), Some(fields)) = (about, value.as_object_mut()) {
                fields.insert("description".to_owned(), about);
            }
        }
        let Some(choices) = value.get("oneOf").and_then(Value::as_array) else {
            return;
        };
        let is_null = |it: &Value| it.get("type").and_then(Value::as_str) == Some("null");
        let [schema, null] = choices.as_slice() else {
            return;
        };
        if !is_null(null) {
            return;
        }
        let mut schema = schema.clone();
        let Some(kind) = schema.get("type").filter(|it| it.is_string()).cloned() else {
            // A description beside a reference is the description of the field.
            if let Some(about) = schema
                .as_object_mut()
                .and_then(|it| it.remove("description"))
            {
                let choices = [schema, null.clone()];
                *value = serde_json::json!({"description": about, "oneOf": choices});
            }
            return;
        };
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("type".to_owned(), serde_json::json!([kind, "null"]));
        }
        *value = schema;
    });
}

/// Moves `deprecated` from the first alternative to the schema itself.
fn lift(document: &mut Value) {
    walk(document, &mut |value| {
        let first = value.pointer_mut("/anyOf/0").and_then(Value::as_object_mut);
        let lifted = first.and_then(|it| it.shift_remove("deprecated"));
        if let (Some(deprecated), Some(fields)) = (lifted, value.as_object_mut()) {
            fields.insert("deprecated".to_owned(), deprecated);
        }
    });
}

/// Merges each `allOf` whose parts are objects into one object. Returns whether there was one.
fn flatten(document: &mut Value) -> bool {
    let named = named(document);
    let mut found = false;
    walk(document, &mut |value| {
        let Some(parts) = value.get("allOf").and_then(Value::as_array) else {
            return;
        };
        let whole = |part: &Value| match target(part) {
            Some(name) => named.get(name).cloned(),
            None => Some(part.clone()),
        };
        let Some(parts) = parts.iter().map(whole).collect::<Option<Vec<_>>>() else {
            return;
        };
        if parts.iter().any(|part| part.get("properties").is_none()) {
            return;
        }
        let mut properties = Map::new();
        let mut required = Vec::new();
        for part in &parts {
            if let Some(of_part) = part.get("properties").and_then(Value::as_object) {
                properties.extend(of_part.clone());
            }
            if let Some(of_part) = part.get("required").and_then(Value::as_array) {
                required.extend(of_part.clone());
            }
        }
        for first in ["case_id", "id"] {
            if let Some(schema) = properties.shift_remove(first) {
                properties.shift_insert(0, first.to_owned(), schema);
            }
        }
        let about = value.get("description").cloned().unwrap_or_default();
        *value = serde_json::json!({"type": "object", "description": about,
            "required": required, "properties": properties});
        found = true;
    });
    found
}

/// Removes schemas without references to them.
fn prune(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        walk(document, &mut |value| {
            if let Some(name) = target(value) {
                used.insert(name.to_owned());
            }
        });
        let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") else {
            return;
        };
        let before = schemas.len();
        schemas.retain(|name, _| used.contains(name));
        if schemas.len() == before {
            return;
        }
    }
}

/// Renames `CaseView` to `Case`, and `PageView_TagView` to `TagPage`.
fn rename(document: &mut Value) {
    let new = |name: &str| match name.strip_prefix("PageView_") {
        Some(of) => format!("{}Page", of.trim_end_matches("View")),
        None => name.trim_end_matches("View").to_owned(),
    };
    walk(document, &mut |value| {
        if let Some(name) = target(value) {
            let name = format!("{SCHEMAS}{}", new(name));
            if let Some(fields) = value.as_object_mut() {
                fields.insert("$ref".to_owned(), name.into());
            }
        }
    });
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        let renamed = std::mem::take(schemas)
            .into_iter()
            .map(|(name, schema)| (new(&name), schema));
        *schemas = renamed.collect();
    }
}
