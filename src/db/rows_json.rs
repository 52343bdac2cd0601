//! Rows on their way into the database, as JSON.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{self, Impossible};
use serde_json::{Error, to_writer};

/// The list that a statement reads with `jsonb_to_recordset`, without the members that are null: one
/// that is absent is NULL all the same, and most members of most rows need not be sent and parsed.
///
/// # Errors
/// None but those of a row that has no JSON form.
pub fn rows_json<R: Serialize>(rows: impl IntoIterator<Item = R>) -> Result<String, Error> {
    let mut json = Vec::new();
    let mut list = List::begin(&mut json);
    for row in rows {
        list.push(&row)?;
    }
    list.end();
    String::from_utf8(json).map_err(ser::Error::custom)
}

/// Writes one value. What has no parts is left to the library.
struct Value<'j>(&'j mut Vec<u8>);

/// Writes a list.
struct List<'j> {
    json: &'j mut Vec<u8>,
    is_empty: bool,
}

/// Writes an object, less its members that are null.
struct Object<'j> {
    json: &'j mut Vec<u8>,
    is_empty: bool,
    /// Where the member begins whose value comes next.
    member: usize,
}

impl<'j> List<'j> {
    fn begin(json: &'j mut Vec<u8>) -> Self {
        json.push(b'[');
        let is_empty = true;
        Self { json, is_empty }
    }

    fn push(&mut self, item: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        if !self.is_empty {
            self.json.push(b',');
        }
        self.is_empty = false;
        item.serialize(Value(self.json))
    }

    fn end(self) {
        self.json.push(b']');
    }
}

impl<'j> Object<'j> {
    fn begin(json: &'j mut Vec<u8>) -> Self {
        json.push(b'{');
        Self {
            member: json.len(),
            json,
            is_empty: true,
        }
    }

    fn key(&mut self, key: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.member = self.json.len();
        if !self.is_empty {
            self.json.push(b',');
        }
        to_writer(&mut *self.json, key)?;
        self.json.push(b':');
        Ok(())
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let begin = self.json.len();
        value.serialize(Value(self.json))?;
        if self.json.get(begin..) == Some(b"null") {
            self.json.truncate(self.member);
        } else {
            self.is_empty = false;
        }
        Ok(())
    }

    fn end(self) {
        self.json.push(b'}');
    }
}

/// Hands values without parts on.
macro_rules! hand_on {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            to_writer(self.0, &value)
        })*
    };
}

impl<'j> ser::Serializer for Value<'j> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'j>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Object<'j>;
    type SerializeStruct = Object<'j>;
    type SerializeStructVariant = Impossible<(), Error>;

    hand_on! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        serde_json::Serializer::new(self.0).collect_str(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(no_column(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'j>, Error> {
        Ok(List::begin(self.0))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(no_column("tuple"))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(no_column(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(no_column(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'j>, Error> {
        Ok(Object::begin(self.0))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object<'j>, Error> {
        Ok(Object::begin(self.0))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(no_column(name))
    }
}

fn no_column(name: &str) -> Error {
    ser::Error::custom(format_args!("{name} is no type that a row has"))
}

impl ser::SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.push(item)
    }

    fn end(self) -> Result<(), Error> {
        self.end();
        Ok(())
    }
}

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end();
        Ok(())
    }
}

impl ser::SerializeStruct for Object<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.key(key)?;
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end();
        Ok(())
    }
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
