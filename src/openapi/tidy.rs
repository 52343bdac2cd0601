//! Makes of the schemas that the types declare those that people and generators of clients read best.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

const SCHEMAS: &str = "#/components/schemas/";

/// Objects are one object, not a sum of parts; scalars stand where they are used; what is equal to a
/// named schema refers to it; names are those of the field; and nothing is left that nobody uses.
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

/// Walks every value, the inner ones first.
fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|it| walk(it, visit)),
        Value::Array(items) => items.iter_mut().for_each(|it| walk(it, visit)),
        _ => {}
    }
    visit(value);
}

/// The items of a page stand in it as copies of their own schema.
fn refer(document: &mut Value, named: &Map<String, Value>) {
    walk(document, &mut |value| {
        if let Some(items) = value.get_mut("items")
            && let Some((name, _)) = named.iter().find(|(_, schema)| *schema == items)
        {
            *items = serde_json::json!({"$ref": format!("{SCHEMAS}{name}")});
        }
    });
}

/// Whether a schema says too little to deserve a name of its own.
fn is_small(schema: &Value) -> bool {
    schema.get("enum").is_none()
        && schema.get("properties").is_none()
        && schema.get("allOf").is_none()
        && schema.get("oneOf").is_none()
}

/// Puts small schemas where they are used, `null` with the type of what it may stand for.
fn inline(document: &mut Value, named: &Map<String, Value>) {
    walk(document, &mut |value| {
        if let Some(schema) = target(value)
            .and_then(|name| named.get(name))
            .filter(|it| is_small(it))
        {
            let about = value.get("description").cloned();
            *value = schema.clone();
            if let (Some(about), Some(members)) = (about, value.as_object_mut()) {
                members.insert("description".to_owned(), about);
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
            // A description beside a reference is that of the member.
            if let Some(about) = schema
                .as_object_mut()
                .and_then(|it| it.remove("description"))
            {
                let choices = [schema, null.clone()];
                *value = serde_json::json!({"description": about, "oneOf": choices});
            }
            return;
        };
        if let Some(members) = schema.as_object_mut() {
            members.insert("type".to_owned(), serde_json::json!([kind, "null"]));
        }
        *value = schema;
    });
}

/// What is deprecated is so in all that it may be.
fn lift(document: &mut Value) {
    walk(document, &mut |value| {
        let first = value.pointer_mut("/anyOf/0").and_then(Value::as_object_mut);
        let lifted = first.and_then(|it| it.shift_remove("deprecated"));
        if let (Some(deprecated), Some(members)) = (lifted, value.as_object_mut()) {
            members.insert("deprecated".to_owned(), deprecated);
        }
    });
}

/// Makes one object of those whose parts are objects already; whether there was one.
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

/// Removes the schemas that nothing refers to.
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

/// `CaseView` is a case, and a `PageView_TagView` a page of tags.
fn rename(document: &mut Value) {
    let new = |name: &str| match name.strip_prefix("PageView_") {
        Some(of) => format!("{}Page", of.trim_end_matches("View")),
        None => name.trim_end_matches("View").to_owned(),
    };
    walk(document, &mut |value| {
        if let Some(name) = target(value) {
            let name = format!("{SCHEMAS}{}", new(name));
            if let Some(members) = value.as_object_mut() {
                members.insert("$ref".to_owned(), name.into());
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
