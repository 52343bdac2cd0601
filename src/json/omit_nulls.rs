//! A JSON writer that omits null fields. `serde_json` cannot: its `Formatter` gets the value only after it has written
//! the name of the field.
//!
//! PostgreSQL parses the rows of a case with `jsonb_to_recordset`, and most fields of most rows are null.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{self, Impossible};
use serde_json::{Error, to_writer};

/// Appends the JSON of a value without the null fields of its objects. Null items of arrays are written.
///
/// # Errors
/// Returns an error for a value that no row has: a tuple struct, a tuple or struct variant, a map with keys that are
/// not strings, or a struct that `serde_json` uses internally.
pub fn write(json: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Error> {
    value.serialize(Value(json))
}

/// Writes one value.
struct Value<'j>(&'j mut Vec<u8>);

/// Writes an array.
struct Array<'j> {
    json: &'j mut Vec<u8>,
    is_empty: bool,
}

/// Writes an object.
struct Object<'j> {
    json: &'j mut Vec<u8>,
    is_empty: bool,
    /// The offset of the current field: a null value truncates the JSON to it.
    field: usize,
}

impl<'j> Array<'j> {
    fn begin(json: &'j mut Vec<u8>) -> Self {
        json.push(b'[');
        let is_empty = true;
        Self { json, is_empty }
    }
}

impl<'j> Object<'j> {
    fn begin(json: &'j mut Vec<u8>) -> Self {
        json.push(b'{');
        Self {
            field: json.len(),
            json,
            is_empty: true,
        }
    }

    fn name(&mut self, name: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.field = self.json.len();
        if !self.is_empty {
            self.json.push(b',');
        }
        let begin = self.json.len();
        name.serialize(Value(self.json))?;
        if self.json.get(begin) != Some(&b'"') {
            return Err(ser::Error::custom("the name of a field must be a string"));
        }
        self.json.push(b':');
        Ok(())
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let begin = self.json.len();
        value.serialize(Value(self.json))?;
        if self.json.get(begin..) == Some(b"null") {
            self.json.truncate(self.field);
        } else {
            self.is_empty = false;
        }
        Ok(())
    }
}

/// Delegates scalar values to `serde_json`.
macro_rules! scalars {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            to_writer(self.0, &value)
        })*
    };
}

impl<'j> ser::Serializer for Value<'j> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Array<'j>;
    type SerializeTuple = Array<'j>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Object<'j>;
    type SerializeStruct = Object<'j>;
    type SerializeStructVariant = Impossible<(), Error>;

    scalars! {
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
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut object = Object::begin(self.0);
        object.name(variant)?;
        object.value(value)?;
        ser::SerializeMap::end(object)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Array<'j>, Error> {
        Ok(Array::begin(self.0))
    }

    fn serialize_tuple(self, _: usize) -> Result<Array<'j>, Error> {
        Ok(Array::begin(self.0))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(unsupported(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(unsupported(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'j>, Error> {
        Ok(Object::begin(self.0))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object<'j>, Error> {
        // As an ordinary struct it would become valid JSON with a wrong value.
        if name.starts_with("$serde_json::") {
            return Err(unsupported(name));
        }
        Ok(Object::begin(self.0))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(unsupported(name))
    }
}

fn unsupported(name: &str) -> Error {
    ser::Error::custom(format_args!("no row has a value of the kind of {name}"))
}

/// A tuple is written like a sequence.
macro_rules! arrays {
    ($($kind:ident)*) => {
        $(impl ser::$kind for Array<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
                if !self.is_empty {
                    self.json.push(b',');
                }
                self.is_empty = false;
                item.serialize(Value(self.json))
            }

            fn end(self) -> Result<(), Error> {
                self.json.push(b']');
                Ok(())
            }
        })*
    };
}

arrays!(SerializeSeq SerializeTuple);

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Error> {
        self.name(name)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.json.push(b'}');
        Ok(())
    }
}

impl ser::SerializeStruct for Object<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.name(name)?;
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        ser::SerializeMap::end(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn write(value: &impl serde::Serialize) -> Result<String, serde_json::Error> {
        let mut json = Vec::new();
        super::write(&mut json, value)?;
        Ok(String::from_utf8(json).expect("UTF-8"))
    }

    fn without_nulls(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
                let fields = fields.map(|(name, value)| (name, without_nulls(value)));
                Value::Object(fields.collect())
            }
            Value::Array(items) => items.into_iter().map(without_nulls).collect(),
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
        fn writes_everything_but_null_fields(value in values()) {
            let object = json!({"value": value, "list": [value, value]});
            let json = write(&object).expect("JSON");
            let written: Value = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(written, without_nulls(object));
        }
    }

    #[test]
    fn refuses_kinds_that_no_row_has() {
        let raw = serde_json::value::RawValue::from_string("{\"a\":1}".to_owned());
        assert!(write(&raw.expect("JSON")).is_err());
        assert!(write(&std::collections::BTreeMap::from([(1, 2)])).is_err());
    }

    #[test]
    fn keeps_commas_between_fields() {
        let row = json!({"a": null, "b": 1, "c": null, "d": ":null", "e": null, "f": [null, {"g": null}]});
        let json = r#"{"b":1,"d":":null","f":[null,{}]}"#;
        assert_eq!(write(&row).expect("JSON"), json);
        assert_eq!(write(&json!({"a": null})).expect("JSON"), "{}");
    }
}
