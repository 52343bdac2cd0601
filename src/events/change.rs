//! One change of a case.

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

/// Who makes a change, and when.
#[derive(Debug, Clone)]
pub struct Author {
    pub workspace_id: Uuid,
    /// The public part of the key.
    pub api_key_id: Arc<str>,
    pub ids: IdSource,
    pub now: DateTime<Utc>,
    /// The trace of the request, where it is traced.
    pub trace_parent: Option<Arc<str>>,
}

/// One change: the activity that tells people of it, and the event that tells programs.
#[derive(Debug, Clone)]
pub struct Change {
    pub case_id: Uuid,
    /// What was changed.
    pub subject: Subject,
    /// The version that the change gave the case.
    pub version: i64,
    /// The type of the activity, if the change is one of its own.
    pub activity: Option<&'static str>,
    pub context: Context,
    /// The fields that were changed, in an update.
    pub fields: Option<Vec<Field>>,
    pub event: Option<Event>,
    /// What an event shows of something that is gone.
    pub remains: Option<Value>,
}

/// What stands around a change: one thing, with values that are no person's.
#[derive(Debug, Clone, Default)]
pub enum Context {
    #[default]
    Nothing,
    /// The case, with the status that it has now.
    CaseStatus(&'static str),
    /// Something else, with its members.
    Thing(&'static str, Value),
}

/// A field that was changed. The values are only there where they are words of the contract, which
/// say nothing of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChangedField)]
pub struct Field {
    /// Its name; of a part of an address, a bank account or the custom properties with a dot.
    name: String,
    /// The word that it was.
    #[schema(required)]
    previous: Option<&'static str>,
    /// The word that it is.
    #[schema(required)]
    next: Option<&'static str>,
}

impl Change {
    /// A change of a case, or of a part of it, with its activity.
    pub fn new(case_id: Uuid, subject: Subject, version: i64, activity: &'static str) -> Self {
        Self {
            case_id,
            subject,
            version,
            activity: Some(activity),
            context: Context::Nothing,
            fields: None,
            event: None,
            remains: None,
        }
    }

    /// The same, with an event.
    #[must_use]
    pub fn event(self, event: Event) -> Self {
        let event = Some(event);
        Self { event, ..self }
    }

    /// The same, naming the fields that were changed.
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

    /// The same, of one field whose words may be shown.
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

    /// The same, with what stands around it.
    #[must_use]
    pub fn within(self, context: Context) -> Self {
        Self { context, ..self }
    }

    /// The same, of something that is gone and of which the event shows this much.
    #[must_use]
    pub fn with_tombstone(self, remains: Value) -> Self {
        let remains = Some(remains);
        Self { remains, ..self }
    }
}

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_map(Some(0))?.end(),
            Self::CaseStatus(status) => Only("case", Only("status", status)).serialize(serializer),
            Self::Thing(thing, members) => Only(thing, members).serialize(serializer),
        }
    }
}

/// An object of one member.
struct Only<V>(&'static str, V);

impl<V: Serialize> Serialize for Only<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}

/// The names of the members that differ between two states of one thing; of an address, a bank
/// account and custom properties each for itself.
///
/// # Errors
/// None but those of a state that has no JSON form.
pub fn changed_fields<T: Serialize>(
    before: &T,
    after: &T,
) -> Result<Vec<String>, serde_json::Error> {
    let members = |state: &T| {
        let mut members = BTreeMap::new();
        if let Value::Object(state) = serde_json::to_value(state)? {
            flatten(state, &mut members);
        }
        Ok::<_, serde_json::Error>(members)
    };
    let (before, after) = (members(before)?, members(after)?);
    let names = before.keys().chain(after.keys());
    let mut changed: Vec<_> = names
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    changed.sort_unstable();
    changed.dedup();
    Ok(changed)
}

/// Objects whose members have names of the contract or of the workspace. The keys of metadata are
/// the caller's own, and may be anything.
const NAMED: [&str; 3] = ["address", "banking_information", "custom_properties"];

fn flatten(state: Map<String, Value>, members: &mut BTreeMap<String, Value>) {
    for (name, value) in state {
        match value {
            Value::Object(inner) if NAMED.contains(&name.as_str()) => {
                let inner = inner.into_iter().filter(|(_, value)| !value.is_null());
                members.extend(inner.map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            Value::Null => {}
            value => {
                members.insert(name, value);
            }
        }
    }
    // A moment of change is no field that somebody changed.
    members.retain(|name, _| !name.ends_with("_at"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_context_is_an_object_of_one_thing_at_the_most() {
        let status = Context::CaseStatus("open");
        let thing = Context::Thing("template", json!({"key": "kyb"}));
        let contexts = json!([Context::Nothing, status, thing]);
        let expected = json!([{}, {"case": {"status": "open"}}, {"template": {"key": "kyb"}}]);
        assert_eq!(contexts, expected);
    }

    #[test]
    fn names_what_differs_and_no_value() {
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
