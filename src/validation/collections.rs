//! Arrays and string-keyed objects. Beyond their limit, items are counted but not kept.

use std::collections::HashSet;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::{Code, Fault, Field, Found, NamedField, Scope, Text, Wire};

/// An array: its first `LIMIT` items, and the number of items that were sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Items<T, const LIMIT: usize> {
    items: Vec<Field<T>>,
    total: usize,
}

impl<'de, T: Wire<'de>, const LIMIT: usize> Wire<'de> for Items<T, LIMIT> {
    const EXPECTED: &'static str = "an array";

    fn from_array<A: SeqAccess<'de>>(mut sent: A) -> Result<Result<Self, Found>, A::Error> {
        let mut items = Vec::new();
        while items.len() < LIMIT {
            match sent.next_element()? {
                Some(item) => {
                    if items.is_empty() {
                        // Many lists have one item, and a large body has many such lists.
                        items.reserve_exact(1);
                    }
                    items.push(item);
                }
                None => {
                    return Ok(Ok(Self {
                        total: items.len(),
                        items,
                    }));
                }
            }
        }
        let mut total = items.len();
        while sent.next_element::<IgnoredAny>()?.is_some() {
            total += 1;
        }
        Ok(Ok(Self { items, total }))
    }
}

impl<T, const LIMIT: usize> Items<T, LIMIT> {
    /// Whether all items that were sent are kept.
    pub fn are_within_limit(&self) -> bool {
        self.total <= LIMIT
    }

    /// Returns the items within the limit. Adds an error for the array if there are more.
    pub fn within_limit(self, scope: &mut Scope<'_>) -> Vec<Field<T>> {
        refuse_beyond(LIMIT, self.total, scope);
        self.items
    }
}

/// An array whose items are parsed later, one by one: the JSON of its first `LIMIT` items, and the number of items that
/// were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slices<'de, const LIMIT: usize> {
    items: Vec<&'de str>,
    total: usize,
}

impl<'de, const LIMIT: usize> Wire<'de> for Slices<'de, LIMIT> {
    const EXPECTED: &'static str = "an array";

    fn from_array<A: SeqAccess<'de>>(mut sent: A) -> Result<Result<Self, Found>, A::Error> {
        let (mut items, mut total) = (Vec::new(), 0);
        while let Some(item) = sent.next_element::<&'de RawValue>()? {
            total += 1;
            if items.len() < LIMIT {
                items.push(item.get());
            }
        }
        Ok(Ok(Self { items, total }))
    }
}

impl<'de, const LIMIT: usize> Slices<'de, LIMIT> {
    /// Returns the items within the limit. Adds an error for the array if there are more.
    pub fn within_limit(self, scope: &mut Scope<'_>) -> Vec<&'de str> {
        refuse_beyond(LIMIT, self.total, scope);
        self.items
    }
}

fn refuse_beyond(limit: usize, total: usize, scope: &mut Scope<'_>) {
    if total > limit {
        let message = format!("At most {limit} items are allowed; {total} were sent.");
        scope.refuse(Fault::new(Code::TooMany, message));
    }
}

/// An object whose keys the client chooses: its first `LIMIT` entries, and the number of entries that were sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries<'de, T, const LIMIT: usize> {
    entries: Vec<(Text<'de>, Field<T>)>,
    repeated: Vec<Text<'de>>,
    total: usize,
}

impl<T, const LIMIT: usize> Default for Entries<'_, T, LIMIT> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            repeated: Vec::new(),
            total: 0,
        }
    }
}

impl<'de, T: Wire<'de>, const LIMIT: usize> Wire<'de> for Entries<'de, T, LIMIT> {
    const EXPECTED: &'static str = "an object";

    fn from_object<A: MapAccess<'de>>(mut sent: A) -> Result<Result<Self, Found>, A::Error> {
        let mut object = Self::default();
        let mut seen = HashSet::new();
        while let Some(Field::Value(key)) = sent.next_key::<Field<Text<'de>>>()? {
            if seen.contains(&key) {
                sent.next_value::<IgnoredAny>()?;
                if object.repeated.len() < LIMIT {
                    object.repeated.push(key);
                }
                continue;
            }
            object.total += 1;
            if object.entries.len() < LIMIT {
                seen.insert(key.clone());
                object.entries.push((key, sent.next_value()?));
            } else {
                sent.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Ok(object))
    }

    /// Accepts an empty array, which PHP sends for an empty object.
    fn from_array<A: SeqAccess<'de>>(mut items: A) -> Result<Result<Self, Found>, A::Error> {
        let mut found = Ok(Self::default());
        while items.next_element::<IgnoredAny>()?.is_some() {
            found = Err(Found::Array);
        }
        Ok(found)
    }
}

impl<'de, T, const LIMIT: usize> Entries<'de, T, LIMIT> {
    /// Returns the entries within the limit. Adds an error if there are more, and one for each repeated key.
    pub fn within_limit(self, scope: &mut Scope<'_>) -> Vec<(Text<'de>, Field<T>)> {
        if self.total > LIMIT {
            let message = format!(
                "At most {LIMIT} keys are allowed; {} were sent.",
                self.total
            );
            scope.refuse(Fault::new(Code::TooMany, message));
        }
        for key in &self.repeated {
            scope.key(key).refuse(super::object::repeated(key));
        }
        self.entries
    }
}

/// Parses each item of a list at its index. An invalid item is `None`.
pub fn list<'de, W: Wire<'de>, T, const LIMIT: usize>(
    scope: &mut Scope<'_>,
    field: NamedField<Items<W, LIMIT>>,
    parse: impl Fn(W, &mut Scope<'_>) -> Option<T>,
) -> Vec<Option<T>> {
    let name = field.name;
    let Some(items) = scope.given(field) else {
        return Vec::new();
    };
    let mut scope = scope.key(name);
    let items = items.within_limit(&mut scope).into_iter().enumerate();
    items
        .map(|(index, item)| {
            let mut scope = scope.index(index);
            let sent = scope.item(item)?;
            parse(sent, &mut scope)
        })
        .collect()
}
