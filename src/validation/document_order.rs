//! Putting violations into the order of the body that they speak of.
//!
//! Only a refused request pays for it: the body is read a second time, along the pointers that are
//! at fault, and everything else is skipped.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Violations;

/// A tree of the pointers at fault; a node's rank is its turn in the body.
#[derive(Debug, Default)]
struct Node {
    children: HashMap<String, Node>,
    rank: Option<usize>,
}

/// Sorts by the position of the pointer in the body. Members that are missing from their object
/// stay behind those that are in it, in the order in which they were found missing.
pub fn sort(violations: &mut Violations, body: &[u8]) {
    let mut root = Node::default();
    for violation in violations.kept() {
        let mut node = &mut root;
        for segment in segments(&violation.pointer) {
            node = node.children.entry(segment).or_default();
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    // The body was read once already; should it be unreadable now, the order is the parser's.
    if (Visit { node: &mut root }).deserialize(&mut reader).is_ok() {
        violations
            .kept_mut()
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
            // What nobody reads may be a number that is too large for anybody.
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

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut turn = 0;
        while turn < self.node.children.len() {
            let Some(key) = members.next_key::<String>()? else {
                return Ok(());
            };
            match self.node.children.get_mut(&key) {
                Some(child) if child.rank.is_none() => {
                    child.rank = Some(turn);
                    turn += 1;
                    members.next_value_seed(Visit { node: child })?;
                }
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        // All that is at fault here has its turn: a long rest is not looked up key by key.
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let (mut turn, mut seen) = (0, 0);
        while seen < self.node.children.len() {
            let more = match self.node.children.get_mut(&turn.to_string()) {
                Some(child) => {
                    (child.rank, seen) = (Some(turn), seen + 1);
                    items.next_element_seed(Visit { node: child })?.is_some()
                }
                None => items.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                return Ok(());
            }
            turn += 1;
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
    fn follows_the_body_and_puts_missing_members_last() {
        let mut violations = Violations::default();
        for pointer in ["/name", "/b/1/x", "/b/0", "/status", "/a~1c", ""] {
            violations.add(|| pointer.to_owned(), || Fault::new(Code::Type, ""));
        }
        sort(
            &mut violations,
            br#"{"a/c": 1, "b": [true, {"x": null}], "z": {"name": 1}}"#,
        );
        let order: Vec<_> = violations
            .kept()
            .iter()
            .map(|v| v.pointer.as_str())
            .collect();
        assert_eq!(order, ["", "/a~1c", "/b/0", "/b/1/x", "/name", "/status"]);
    }
}
