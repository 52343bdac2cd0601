//! The definitions of the custom properties of a workspace.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::{Definition, Target};
use crate::validation::Names;

/// The definitions of a workspace, sorted by target and key. A clone shares them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<Definition>")]
pub struct Definitions(Arc<Sorted>);

#[derive(Debug, Default)]
struct Sorted {
    all: Vec<Definition>,
    /// For each target, the keys that are not archived, as candidates for suggestions. Built when first needed.
    keys: [OnceLock<Names>; 3],
}

impl From<Vec<Definition>> for Definitions {
    /// Keeps the first of several definitions with the same target and key.
    fn from(mut all: Vec<Definition>) -> Self {
        all.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
        all.dedup_by(|other, one| sort_key(one) == sort_key(other));
        Self(Arc::new(Sorted {
            all,
            keys: Default::default(),
        }))
    }
}

impl PartialEq for Definitions {
    fn eq(&self, other: &Self) -> bool {
        self.0.all == other.0.all
    }
}

impl Deref for Definitions {
    type Target = [Definition];

    fn deref(&self) -> &[Definition] {
        &self.0.all
    }
}

impl Definitions {
    /// Finds a definition by its key, archived or not.
    pub fn find(&self, target: Target, key: &str) -> Option<&Definition> {
        let found = self.binary_search_by(|it| sort_key(it).cmp(&(target, key)));
        self.get(found.ok()?)
    }

    /// The keys of a target that are not archived.
    pub fn keys(&self, target: Target) -> Names {
        let [case, company, individual] = &self.0.keys;
        let keys = match target {
            Target::Case => case,
            Target::Company => company,
            Target::Individual => individual,
        };
        let not_archived = || {
            let of_target = self.iter().filter(|it| it.target == target && !it.archived);
            of_target.map(|it| it.key.clone()).collect()
        };
        keys.get_or_init(not_archived).clone()
    }
}

fn sort_key(definition: &Definition) -> (Target, &str) {
    (definition.target, &definition.key)
}
