//! Objects of requests, and their unknown and repeated keys.

use std::collections::HashSet;

use super::{Code, Fault, Names, Scope, Text, Violations, quote};

/// Maximum number of unknown or repeated keys of one object that are kept. Further keys are counted.
const MAX_KEYS: usize = Violations::MAX_RECORDED;

/// Keys of an object that are unknown or repeated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnknownKeys<'de> {
    keys: Vec<(Text<'de>, bool)>,
    unlisted: usize,
}

impl<'de> UnknownKeys<'de> {
    /// Adds a key that is unknown or repeated.
    pub fn add(&mut self, key: Text<'de>, repeated: bool) {
        if self.keys.len() < MAX_KEYS {
            self.keys.push((key, repeated));
        } else {
            self.unlisted += 1;
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Adds an error for each key, with the nearest known name as suggestion, and removes the keys.
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

/// The error of an unknown key. Suggests the nearest known name.
pub fn unknown(key: &str, known: &[&'static str]) -> Fault {
    Fault::new(
        Code::UnknownField,
        format!("There is no field {} here.", quote(key)),
    )
    .with_candidates(key, known.iter().copied().collect::<Names>())
}

/// The error of a repeated key. JSON parsers disagree on which value counts.
pub(super) fn repeated(key: &str) -> Fault {
    let message = format!(
        "The key {} appears more than once. Keep one of them.",
        quote(key)
    );
    Fault::new(Code::DuplicateKey, message)
}

/// An object of a request.
pub trait Object {
    /// The names of the fields that were sent, null included.
    fn sent_fields(&self) -> Vec<&'static str>;

    /// Adds an error for each unknown key, and for each field of `others`: fields that the object has only in other
    /// requests.
    fn refuse_unexpected(&mut self, others: &[&'static str], scope: &mut Scope<'_>);
}
