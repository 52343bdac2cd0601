//! Sorts violations into the order of the body.
//!
//! The body of an invalid request is read a second time, along the pointers of its violations. Everything else is
//! skipped.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Violations;

/// A tree of the pointers of the violations. The rank of a node is its position among its siblings in the body.
#[derive(Debug, Default)]
struct Node {
    children: HashMap<String, Node>,
    rank: Option<usize>,
}

/// Sorts violations by the position of their pointer in the body. Missing fields come after the fields that their
/// object has, in the order in which they were reported.
pub fn sort(violations: &mut Violations, body: &[u8]) {
    let mut root = Node::default();
    for violation in violations.recorded() {
        let mut node = &mut root;
        for segment in segments(&violation.pointer) {
            node = node.children.entry(segment).or_default();
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    // If the body cannot be read, which cannot happen after it was parsed, the order stays.
    if (Visit { node: &mut root }).deserialize(&mut reader).is_ok() {
        violations
            .recorded_mut()
            .sort_by_cached_key(|violation| position(&root, &violation.pointer));
    }
}

fn segments(pointer: &str) -> impl Iterator<Item = String> {
    pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}

fn position(root: &Node, pointer: &str) -> Vec<usize> {
    let mut node = Some(root);
    segments(pointer)
        .map(|segment| {
            node = node.and_then(|node| node.children.get(&segment));
            node.and_then(|node| node.rank).unwrap_or(usize::MAX)
        })
        .collect()
}

struct Visit<'n> {
    node: &'n mut Node,
}

impl<'de> DeserializeSeed<'de> for Visit<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.node.children.is_empty() {
            // Other readers fail at a number that is too large.
            deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ())
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Visit<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut rank = 0;
        while rank < self.node.children.len() {
            let Some(key) = entries.next_key::<String>()? else {
                return Ok(());
            };
            match self.node.children.get_mut(&key) {
                Some(child) if child.rank.is_none() => {
                    child.rank = Some(rank);
                    rank += 1;
                    entries.next_value_seed(Visit { node: child })?;
                }
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        // Every child has its rank: the remaining keys need no look-up.
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let (mut index, mut seen) = (0, 0);
        while seen < self.node.children.len() {
            let more = match self.node.children.get_mut(&index.to_string()) {
                Some(child) => {
                    (child.rank, seen) = (Some(index), seen + 1);
                    items.next_element_seed(Visit { node: child })?.is_some()
                }
                None => items.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                return Ok(());
            }
            index += 1;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::sort;
    use crate::validation::{Code, Fault, Violations};

    #[test]
    fn sorts_by_position_in_the_body_with_missing_fields_last() {
        let mut violations = Violations::default();
        for pointer in ["/name", "/b/1/x", "/b/0", "/status", "/a~1c", ""] {
            violations.add(|| pointer.to_owned(), || Fault::new(Code::Type, ""));
        }
        sort(
            &mut violations,
            br#"{"a/c": 1, "b": [true, {"x": null}], "z": {"name": 1}}"#,
        );
        let order: Vec<_> = violations
            .recorded()
            .iter()
            .map(|v| v.pointer.as_str())
            .collect();
        assert_eq!(order, ["", "/a~1c", "/b/0", "/b/1/x", "/name", "/status"]);
    }
}
