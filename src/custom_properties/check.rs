//! Holding the custom properties that a request gives against their definitions.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Definition, Definitions, Given, Target};
use crate::validation::{Code, Fault, Scope, quote};

/// Values of custom properties by key.
pub type Properties = BTreeMap<String, Value>;

/// What was given, by key: `None` takes a value away. What is wrong is refused at its place below
/// `custom_properties`.
pub fn check(
    given: &Given,
    target: Target,
    all: &Definitions,
    scope: &mut Scope<'_>,
) -> BTreeMap<String, Option<Value>> {
    let mut here = scope.key("custom_properties");
    let mut checked = BTreeMap::new();
    for (key, value) in given {
        let mut place = here.key(key);
        match all.find(target, key) {
            None => place.refuse_with(|| {
                let message = format!("This workspace has no custom property {} here.", quote(key));
                let fault = Fault::new(Code::CustomPropertyNotFound, message);
                fault.suggesting(key, all.keys(target))
            }),
            Some(definition) if definition.archived => {
                let message = format!("The custom property {key} is archived. Remove it.");
                place.refuse(Fault::new(Code::CustomPropertyArchived, message));
            }
            Some(definition) => {
                let value = value
                    .as_ref()
                    .and_then(|value| definition.check(value, &mut place));
                checked.insert(key.clone(), value);
            }
        }
    }
    checked
}

/// The values of something new.
pub fn values(checked: BTreeMap<String, Option<Value>>) -> Properties {
    let given = checked.into_iter();
    given
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
}

/// The values of something that has values already: what was not given stays.
pub fn merge(values: &mut Properties, checked: BTreeMap<String, Option<Value>>) {
    for (key, value) in checked {
        match value {
            Some(value) => drop(values.insert(key, value)),
            None => drop(values.remove(&key)),
        }
    }
}

/// Every custom property that is not archived, with null where there is no value, as an answer shows
/// them.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'c> {
    values: &'c Properties,
    target: Target,
    definitions: &'c [Definition],
}

impl<'c> Listed<'c> {
    /// The values of one thing of this kind.
    pub fn new(values: &'c Properties, target: Target, definitions: &'c [Definition]) -> Self {
        Self {
            values,
            target,
            definitions,
        }
    }
}

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let definitions = self.definitions.iter();
        let of_target = definitions.filter(|it| it.target == self.target && !it.archived);
        serializer.collect_map(of_target.map(|it| (&it.key, self.values.get(&it.key))))
    }
}
