//! Changes of cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Event, Subject};
use crate::ids::IdSource;

/// The author and the time of a change.
#[derive(Debug, Clone)]
pub struct Author {
    pub workspace_id: Uuid,
    /// The public part of the API key.
    pub api_key_id: Arc<str>,
    pub ids: IdSource,
    pub now: DateTime<Utc>,
    /// The `traceparent` of the request, if it is traced.
    pub trace_parent: Option<Arc<str>>,
}

/// A change of a case, with its activity (for people) and its event (for programs).
#[derive(Debug, Clone)]
pub struct Change {
    pub case_id: Uuid,
    /// The changed resource.
    pub subject: Subject,
    /// The version of the case after the change.
    pub version: i64,
    /// The type of the activity; `None` if the change has no activity.
    pub activity: Option<&'static str>,
    pub context: Context,
    /// The changed fields of an update.
    pub fields: Option<Vec<Field>>,
    pub event: Option<Event>,
    /// The payload of the event if the subject was deleted and can no longer be read.
    pub tombstone: Option<Value>,
}

/// The context of a change: at most one resource, without personal data.
#[derive(Debug, Clone, Default)]
pub enum Context {
    #[default]
    Nothing,
    /// The case with its new status.
    CaseStatus(&'static str),
    /// Another resource: its name and its fields.
    Resource(&'static str, Value),
}

/// A changed field. The values are present only if they are from a fixed set, so that no personal data is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChangedField)]
pub struct Field {
    /// The name. Fields of an address, a bank account or the custom properties have a dotted name (`address.city`).
    name: String,
    /// The previous value, if it is from a fixed set.
    #[schema(required)]
    previous: Option<&'static str>,
    /// The new value, if it is from a fixed set.
    #[schema(required)]
    next: Option<&'static str>,
}

impl Change {
    /// A change of a case, a company or an individual, with its activity.
    pub fn new(case_id: Uuid, subject: Subject, version: i64, activity: &'static str) -> Self {
        Self {
            case_id,
            subject,
            version,
            activity: Some(activity),
            context: Context::Nothing,
            fields: None,
            event: None,
            tombstone: None,
        }
    }

    /// Sets the event.
    #[must_use]
    pub fn with_event(self, event: Event) -> Self {
        let event = Some(event);
        Self { event, ..self }
    }

    /// Sets the changed fields, without values.
    #[must_use]
    pub fn with_fields(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let fields = names.into_iter().map(|name| Field {
            name: name.into(),
            previous: None,
            next: None,
        });
        let fields = Some(fields.collect());
        Self { fields, ..self }
    }

    /// Sets one changed field, with its values.
    #[must_use]
    pub fn with_transition(self, name: &str, previous: &'static str, next: &'static str) -> Self {
        let field = Field {
            name: name.to_owned(),
            previous: Some(previous),
            next: Some(next),
        };
        let fields = Some(vec![field]);
        Self { fields, ..self }
    }

    /// Sets the context.
    #[must_use]
    pub fn with_context(self, context: Context) -> Self {
        Self { context, ..self }
    }

    /// Sets the payload of the event for a deleted subject.
    #[must_use]
    pub fn with_tombstone(self, tombstone: Value) -> Self {
        let tombstone = Some(tombstone);
        Self { tombstone, ..self }
    }
}

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_map(Some(0))?.end(),
            Self::CaseStatus(status) => {
                SingleField("case", SingleField("status", status)).serialize(serializer)
            }
            Self::Resource(name, fields) => SingleField(name, fields).serialize(serializer),
        }
    }
}

/// An object with one field.
struct SingleField<V>(&'static str, V);

impl<V: Serialize> Serialize for SingleField<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}

/// The names of the fields that differ between two states of a resource. The fields of addresses, bank accounts and
/// custom properties are compared one by one.
///
/// # Errors
/// Returns `serde_json::Error` if a state cannot be serialized.
pub fn changed_fields<T: Serialize>(
    before: &T,
    after: &T,
) -> Result<Vec<String>, serde_json::Error> {
    let fields = |state: &T| {
        let mut fields = BTreeMap::new();
        if let Value::Object(state) = serde_json::to_value(state)? {
            flatten(state, &mut fields);
        }
        Ok::<_, serde_json::Error>(fields)
    };
    let (before, after) = (fields(before)?, fields(after)?);
    let names = before.keys().chain(after.keys());
    let mut changed: Vec<_> = names
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    changed.sort_unstable();
    changed.dedup();
    Ok(changed)
}

/// Objects that are compared field by field. `metadata` is not: its keys are the caller's and may be personal data.
const FLATTENED: [&str; 3] = ["address", "banking_information", "custom_properties"];

fn flatten(state: Map<String, Value>, fields: &mut BTreeMap<String, Value>) {
    for (name, value) in state {
        match value {
            Value::Object(inner) if FLATTENED.contains(&name.as_str()) => {
                let inner = inner.into_iter().filter(|(_, value)| !value.is_null());
                fields.extend(inner.map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            Value::Null => {}
            value => {
                fields.insert(name, value);
            }
        }
    }
    // Timestamps change with every update.
    fields.retain(|name, _| !name.ends_with("_at"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_context_is_an_object_with_at_most_one_field() {
        let status = Context::CaseStatus("open");
        let resource = Context::Resource("template", json!({"key": "kyb"}));
        let contexts = json!([Context::Nothing, status, resource]);
        let expected = json!([{}, {"case": {"status": "open"}}, {"template": {"key": "kyb"}}]);
        assert_eq!(contexts, expected);
    }

    #[test]
    fn returns_the_names_of_changed_fields_without_values() {
        let before = json!({"name": "Ada", "email": null, "address": {"city": "Paris", "region": null},
            "metadata": {"ada@example.com": "1"}, "updated_at": "1"});
        let after = json!({"name": "Ada", "email": "a@b.c", "address": {"city": "Rome", "region": null},
            "metadata": {"ada@example.com": "2"}, "updated_at": "2", "custom_properties": {"k": 1}});
        let changed = changed_fields(&before, &after).unwrap();
        assert_eq!(
            changed,
            ["address.city", "custom_properties.k", "email", "metadata"]
        );
    }
}
