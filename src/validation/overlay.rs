//! Laying a change over what it changes, member by member.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The members that a change has: of an object, and of objects in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// Its own members.
    pub members: Vec<&'static str>,
    /// Members of objects in it, which are changed one by one as well.
    pub nested: Vec<(&'static str, Vec<&'static str>)>,
}

/// What is there, with the members that were sent as `parsed` has them. Both are written and read
/// with serde, so that no list of members has to be kept beside the type's own.
///
/// # Errors
/// None for a type that reads what it writes.
pub fn overlay<T: Serialize + DeserializeOwned>(
    there: &T,
    parsed: &T,
    sent: &Sent,
) -> Result<T, serde_json::Error> {
    let mut result = serde_json::to_value(there)?;
    let parsed = serde_json::to_value(parsed)?;
    if let (Value::Object(result), Value::Object(parsed)) = (&mut result, &parsed) {
        for member in &sent.members {
            let nested = sent.nested.iter().find(|(name, _)| name == member);
            match (nested, result.get_mut(*member), parsed.get(*member)) {
                // Nothing was sent of it.
                (Some((_, members)), _, _) if members.is_empty() => {}
                (Some((_, members)), Some(Value::Object(inner)), Some(Value::Object(from))) => {
                    copy(inner, from, members);
                }
                // What was sent of it are nulls alone.
                (Some((_, members)), Some(Value::Object(inner)), Some(Value::Null)) => {
                    for member in members {
                        inner.insert((*member).to_owned(), Value::Null);
                    }
                }
                (_, _, Some(value)) => drop(result.insert((*member).to_owned(), value.clone())),
                (_, _, None) => {}
            }
        }
    }
    serde_json::from_value(result)
}

fn copy(to: &mut Map<String, Value>, from: &Map<String, Value>, members: &[&'static str]) {
    for member in members {
        if let Some(value) = from.get(*member) {
            to.insert((*member).to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_not_sent_stays() {
        let there = json!({"a": 1, "b": 2, "c": {"x": 1, "y": 2}, "d": {"x": 1},
            "e": {"x": 1, "y": 2}, "f": {"x": 1}});
        let parsed = json!({"a": 3, "b": 4, "c": {"x": 5, "y": 6}, "d": {"x": null},
            "e": null, "f": null});
        let sent = Sent {
            members: vec!["a", "c", "d", "e", "f"],
            nested: vec![("c", vec!["y"]), ("e", vec!["x"]), ("f", vec![])],
        };
        let expected = json!({"a": 3, "b": 2, "c": {"x": 1, "y": 6}, "d": {"x": null},
            "e": {"x": null, "y": 2}, "f": {"x": 1}});
        assert_eq!(overlay(&there, &parsed, &sent).unwrap(), expected);
    }
}
