//! The options of a custom property of type `choices`.

use std::collections::HashSet;

use serde::Deserialize;

use crate::validation::Names;

/// The keys of the options, in their order. They are looked up often, since a request can name
/// thousands.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Options {
    keys: HashSet<String>,
    in_order: Names,
}

impl From<Vec<String>> for Options {
    fn from(keys: Vec<String>) -> Self {
        Self {
            keys: keys.iter().cloned().collect(),
            in_order: keys.into_iter().collect(),
        }
    }
}

impl FromIterator<String> for Options {
    fn from_iter<I: IntoIterator<Item = String>>(keys: I) -> Self {
        keys.into_iter().collect::<Vec<_>>().into()
    }
}

impl Options {
    /// Whether an option has this key.
    pub fn contains(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys in their order.
    pub fn names(&self) -> Names {
        self.in_order.clone()
    }
}
