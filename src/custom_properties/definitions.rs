//! The custom properties of a workspace, found by target and key.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::{Definition, Target};
use crate::validation::Names;

/// The definitions of a workspace, in the order of target and key. A clone shares them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<Definition>")]
pub struct Definitions(Arc<Sorted>);

#[derive(Debug, Default)]
struct Sorted {
    all: Vec<Definition>,
    /// The keys that a suggestion may name, of each target; made when the first is looked for.
    keys: [OnceLock<Names>; 3],
}

impl From<Vec<Definition>> for Definitions {
    /// Of several definitions with one target and key, the first counts.
    fn from(mut all: Vec<Definition>) -> Self {
        all.sort_by(|one, other| place(one).cmp(&place(other)));
        all.dedup_by(|other, one| place(one) == place(other));
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
    /// The definition with a key, archived or not.
    pub fn find(&self, target: Target, key: &str) -> Option<&Definition> {
        let found = self.binary_search_by(|it| place(it).cmp(&(target, key)));
        self.get(found.ok()?)
    }

    /// The keys of a target that are in use.
    pub fn keys(&self, target: Target) -> Names {
        let [case, company, individual] = &self.0.keys;
        let keys = match target {
            Target::Case => case,
            Target::Company => company,
            Target::Individual => individual,
        };
        let in_use = || {
            let of_target = self.iter().filter(|it| it.target == target && !it.archived);
            of_target.map(|it| it.key.clone()).collect()
        };
        keys.get_or_init(in_use).clone()
    }
}

fn place(definition: &Definition) -> (Target, &str) {
    (definition.target, &definition.key)
}
