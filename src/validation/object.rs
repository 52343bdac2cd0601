//! The objects that requests consist of.

use std::collections::HashSet;

use super::{Code, Fault, Names, Scope, Text, Violations, quote};

/// How many unknown or repeated keys of one object are kept; the rest is counted.
const LISTED: usize = Violations::KEPT;

/// Keys of an object that the contract does not have, or that stood in it twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnknownKeys<'de> {
    keys: Vec<(Text<'de>, bool)>,
    unlisted: usize,
}

impl<'de> UnknownKeys<'de> {
    /// Remembers a key that is not known, or that is repeated.
    pub fn add(&mut self, key: Text<'de>, repeated: bool) {
        if self.keys.len() < LISTED {
            self.keys.push((key, repeated));
        } else {
            self.unlisted += 1;
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Refuses each at its place, with the nearest of the names that the contract has. Then there are none.
    pub fn refuse(&mut self, scope: &mut Scope<'_>, known: &[&'static str]) {
        let Self { keys, unlisted } = std::mem::take(self);
        let mut seen = HashSet::new();
        for (key, is_repeated) in &keys {
            let is_repeated = *is_repeated || !seen.insert(key);
            scope.key(key).refuse_with(|| {
                if is_repeated {
                    repeated(key)
                } else {
                    unknown(key, known)
                }
            });
        }
        scope.count_more(unlisted);
    }
}

/// A key that the contract does not have, with the nearest of the names that it has.
pub fn unknown(key: &str, known: &[&'static str]) -> Fault {
    Fault::new(
        Code::UnknownField,
        format!("There is no field {} here.", quote(key)),
    )
    .suggesting(key, known.iter().copied().collect::<Names>())
}

/// A key that stands twice in one object, where readers of JSON disagree on which one counts.
pub(super) fn repeated(key: &str) -> Fault {
    let message = format!(
        "The key {} stands here more than once. Keep one of them.",
        quote(key)
    );
    Fault::new(Code::DuplicateKey, message)
}

/// An object of the contract.
pub trait Object {
    /// The names of the members that it has, `null` or not.
    fn sent(&self) -> Vec<&'static str>;

    /// Refuses keys that the contract does not have, and those of `others`: members that the same
    /// object has in other requests.
    fn refuse_others(&mut self, others: &[&'static str], scope: &mut Scope<'_>);
}
