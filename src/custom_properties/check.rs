//! Checking the custom properties of a request against their definitions.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Definition, Definitions, PropertyInputs, Target};
use crate::validation::{Code, Fault, Scope, quote};

/// Values of custom properties by key.
pub type Properties = BTreeMap<String, Value>;

/// Checks the values of a request. Returns them by key, where `None` clears a value. Adds each error to `scope`, below
/// `custom_properties`.
pub fn check(
    inputs: &PropertyInputs,
    target: Target,
    all: &Definitions,
    scope: &mut Scope<'_>,
) -> BTreeMap<String, Option<Value>> {
    let mut scope = scope.key("custom_properties");
    let mut checked = BTreeMap::new();
    for (key, value) in inputs {
        let mut scope = scope.key(key);
        match all.find(target, key) {
            None => scope.refuse_with(|| {
                let message = not_found(target, key);
                let fault = Fault::new(Code::CustomPropertyNotFound, message);
                fault.with_candidates(key, all.keys(target))
            }),
            Some(definition) if definition.archived => {
                let message = format!("The custom property {key} is archived. Remove it.");
                scope.refuse(Fault::new(Code::CustomPropertyArchived, message));
            }
            Some(definition) => {
                let value = value
                    .as_ref()
                    .and_then(|value| definition.check(value, &mut scope));
                checked.insert(key.clone(), value);
            }
        }
    }
    checked
}

/// The message if a target has no custom property with a key.
pub fn not_found(target: Target, key: &str) -> String {
    let (target, key) = (target.as_str(), quote(key));
    format!("This workspace has no custom property {key} with the target {target}.")
}

/// The values of a new object.
pub fn values(checked: BTreeMap<String, Option<Value>>) -> Properties {
    checked
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
}

/// Updates the values of an existing object. Values that were not sent stay.
pub fn merge(values: &mut Properties, checked: BTreeMap<String, Option<Value>>) {
    for (key, value) in checked {
        match value {
            Some(value) => drop(values.insert(key, value)),
            None => drop(values.remove(&key)),
        }
    }
}

/// The custom properties in a response: every one that is not archived, with null if it has no value.
#[derive(Debug, Clone, Copy)]
pub struct PropertiesView<'c> {
    values: &'c Properties,
    target: Target,
    definitions: &'c [Definition],
}

impl<'c> PropertiesView<'c> {
    /// The view of the values of one object.
    pub fn new(values: &'c Properties, target: Target, definitions: &'c [Definition]) -> Self {
        Self {
            values,
            target,
            definitions,
        }
    }
}

impl Serialize for PropertiesView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let definitions = self.definitions.iter();
        let of_target = definitions.filter(|it| it.target == self.target && !it.archived);
        serializer.collect_map(of_target.map(|it| (&it.key, self.values.get(&it.key))))
    }
}
