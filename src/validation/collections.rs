//! Arrays and string-keyed objects, both with a limit beyond which they only count.

use std::collections::HashSet;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::{Code, Fault, Field, Found, Member, Scope, Text, Wire};

/// An array: the first `LIMIT` items, and how many there were.
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
                        // Many lists have one item, and a large body many such lists.
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
    /// Whether all that was sent is here.
    pub fn are_within_limit(&self) -> bool {
        self.total <= LIMIT
    }

    /// The items within the limit; beyond it the array is refused, at its own place.
    pub fn within_limit(self, scope: &mut Scope<'_>) -> Vec<Field<T>> {
        refuse_beyond(LIMIT, self.total, scope);
        self.items
    }
}

/// An array whose items are read later, each for itself: the text of the first `LIMIT` of them, and how
/// many there were.
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
    /// The items within the limit; beyond it the array is refused, at its own place.
    pub fn within_limit(self, scope: &mut Scope<'_>) -> Vec<&'de str> {
        refuse_beyond(LIMIT, self.total, scope);
        self.items
    }
}

fn refuse_beyond(limit: usize, total: usize, scope: &mut Scope<'_>) {
    if total > limit {
        let message = format!("At most {limit} items can stand here; {total} were sent.");
        scope.refuse(Fault::new(Code::TooMany, message));
    }
}

/// An object whose keys the caller chooses: the first `LIMIT` members, and how many there were.
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

    fn from_object<A: MapAccess<'de>>(mut members: A) -> Result<Result<Self, Found>, A::Error> {
        let mut taken = Self::default();
        let mut seen = HashSet::new();
        while let Some(Field::Value(key)) = members.next_key::<Field<Text<'de>>>()? {
            if seen.contains(&key) {
                members.next_value::<IgnoredAny>()?;
                if taken.repeated.len() < LIMIT {
                    taken.repeated.push(key);
                }
                continue;
            }
            taken.total += 1;
            if taken.entries.len() < LIMIT {
                seen.insert(key.clone());
                taken.entries.push((key, members.next_value()?));
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Ok(taken))
    }

    /// Languages without a type of their own for an empty object send an empty array.
    fn from_array<A: SeqAccess<'de>>(mut items: A) -> Result<Result<Self, Found>, A::Error> {
        let mut found = Ok(Self::default());
        while items.next_element::<IgnoredAny>()?.is_some() {
            found = Err(Found::Array);
        }
        Ok(found)
    }
}

impl<'de, T, const LIMIT: usize> Entries<'de, T, LIMIT> {
    /// The members within the limit; too many, and repeated keys, are refused at their places.
    pub fn within_limit(self, scope: &mut Scope<'_>) -> Vec<(Text<'de>, Field<T>)> {
        if self.total > LIMIT {
            let message = format!(
                "At most {LIMIT} keys can stand here; {} were sent.",
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

/// The items of a list, each at its index; those that were refused are `None`.
pub fn list<'de, W: Wire<'de>, T, const LIMIT: usize>(
    scope: &mut Scope<'_>,
    member: Member<Items<W, LIMIT>>,
    parse: impl Fn(W, &mut Scope<'_>) -> Option<T>,
) -> Vec<Option<T>> {
    let name = member.name;
    let Some(items) = scope.given(member) else {
        return Vec::new();
    };
    let mut here = scope.key(name);
    let items = items.within_limit(&mut here).into_iter().enumerate();
    items
        .map(|(index, item)| {
            let mut place = here.index(index);
            let sent = place.item(item)?;
            parse(sent, &mut place)
        })
        .collect()
}
