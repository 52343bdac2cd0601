//! Rows on their way into the database, as JSON.

use memchr::memchr2;
use serde::Serialize;

/// The list that a statement reads with `jsonb_to_recordset`, without the members that are null: one
/// that is absent is NULL all the same, and most members of most rows need not be sent and parsed.
///
/// # Errors
/// None but those of a row that has no JSON form.
pub fn rows_json<R: Serialize>(
    rows: impl IntoIterator<Item = R>,
) -> Result<String, serde_json::Error> {
    let mut list = "[".to_owned();
    for row in rows {
        if list.len() > 1 {
            list.push(',');
        }
        push_without_nulls(&mut list, &serde_json::to_string(&row)?);
    }
    list.push(']');
    Ok(list)
}

/// Adds JSON that has no white space, less the members of objects that are null.
fn push_without_nulls(out: &mut String, json: &str) {
    let mut rest = json;
    // Where the last string begins: a key, once a colon follows.
    let mut key = 0;
    while let Some(next) = memchr2(b'"', b':', rest.as_bytes()) {
        let (plain, found) = rest.split_at(next);
        out.push_str(plain);
        if let Some(member) = found.strip_prefix(":null") {
            out.truncate(key);
            rest = member.strip_prefix(',').unwrap_or(member);
            if rest.starts_with('}') && out.ends_with(',') {
                out.pop();
            }
        } else if found.starts_with('"') {
            key = out.len();
            let (string, after) = found.split_at(string_length(found));
            out.push_str(string);
            rest = after;
        } else {
            let (colon, after) = found.split_at(1);
            out.push_str(colon);
            rest = after;
        }
    }
    out.push_str(rest);
}

/// How long the string is with which JSON begins, with its quotes.
fn string_length(json: &str) -> usize {
    let bytes = json.as_bytes();
    let mut length = 1;
    while let Some(next) = bytes.get(length..).and_then(|it| memchr2(b'"', b'\\', it)) {
        let is_end = bytes.get(length + next) == Some(&b'"');
        // What follows a backslash is part of the string, whatever it is.
        length += next + if is_end { 1 } else { 2 };
        if is_end {
            return length;
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn stripped(value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let members = members.into_iter().filter(|(_, value)| !value.is_null());
                Value::Object(members.map(|(key, value)| (key, stripped(value))).collect())
            }
            Value::Array(items) => items.into_iter().map(stripped).collect(),
            other => other,
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            3 => Just(Value::Null),
            1 => any::<bool>().prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::from),
            2 => "[a\":\\\\,{}nul\n é]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a\":\\\\,{}n]{0,3}", inner, 0..6)
                    .prop_map(|it| Value::Object(it.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_left_is_all_that_is_not_null(value in values()) {
            let json = rows_json([&value, &value]).expect("JSON");
            let left: Value = serde_json::from_str(&json).expect("JSON");
            let value = stripped(value);
            prop_assert_eq!(left, json!([value.clone(), value]));
        }
    }

    #[test]
    fn commas_stay_between_members() {
        let row = json!({"a": null, "b": 1, "c": null, "d": ":null", "e": null, "f": [null, {"g": null}]});
        let json = rows_json([row]).expect("JSON");
        assert_eq!(json, r#"[{"b":1,"d":":null","f":[null,{}]}]"#);
        assert_eq!(rows_json::<Value>([]).expect("JSON"), "[]");
    }
}
