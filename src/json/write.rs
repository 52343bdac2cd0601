//! A JSON writer for responses and rows. It differs from `serde_json` in two things:
//! - It can omit null fields. A `Formatter` of `serde_json` learns that a value is null only after the name of its field
//!   is written. PostgreSQL parses the rows of a case, and most fields of most rows are null.
//! - It looks for characters to escape in eight bytes at a time. With `serde_json` instead, a create of a KYB case takes
//!   1.15 times the instructions (`benches/instructions`): nearly everything that it writes are names of fields.
//!
//! Everything else is delegated to `serde_json`.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{self, Impossible};
use serde_json::{Error, to_writer};

/// The usual size of the response or the rows of a case, in bytes.
const USUAL: usize = 16 * 1024;

/// Serializes a response.
///
/// # Errors
/// Returns an error for a kind of value that no response has: a tuple struct, a variant with several parts, a map whose
/// keys are not strings, or what `serde_json` serializes for its own use.
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut json = Vec::with_capacity(USUAL);
    write::<true>(&mut json, value)?;
    // The response may wait for its client.
    json.shrink_to_fit();
    Ok(json)
}

/// Appends a value, with or without the null fields of its objects. Null items of arrays stay.
///
/// # Errors
/// Returns the errors of [`to_vec`].
pub(super) fn write<const NULLS: bool>(
    json: &mut Vec<u8>,
    value: &impl Serialize,
) -> Result<(), Error> {
    value.serialize(Value::<NULLS>(json))
}

/// Writes one value.
struct Value<'j, const NULLS: bool>(&'j mut Vec<u8>);

fn string(json: &mut Vec<u8>, string: &str) -> Result<(), Error> {
    if !is_plain(string) {
        return to_writer(json, string);
    }
    json.reserve(string.len() + 2);
    json.push(b'"');
    json.extend_from_slice(string.as_bytes());
    json.push(b'"');
    Ok(())
}

/// Whether a string has no quote, backslash or control character, which need an escape (RFC 8259, section 7).
#[inline(always)]
fn is_plain(string: &str) -> bool {
    let bytes = string.as_bytes();
    if let Some(last) = bytes.last_chunk() {
        // The last word overlaps the one before.
        let (words, _) = bytes.as_chunks();
        let mut words = words.iter().chain([last]);
        return words.all(|it| is_plain_word(u64::from_le_bytes(*it)));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let halves = [*first, *last].map(|it| u64::from(u32::from_le_bytes(it)));
        let [first, last] = halves;
        return is_plain_word(first | last << 32);
    }
    bytes
        .iter()
        .all(|it| *it >= b' ' && !matches!(it, b'"' | b'\\'))
}

/// [`is_plain`] for eight bytes at once. Subtracting a larger byte from an ASCII byte sets its highest bit.
fn is_plain_word(word: u64) -> bool {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = EACH << 7;
    let less = |word: u64, than: u8| word.wrapping_sub(EACH * u64::from(than)) & !word;
    let equal = |to: u8| less(word ^ (EACH * u64::from(to)), 1);
    (less(word, b' ') | equal(b'"') | equal(b'\\')) & HIGHEST == 0
}

/// Writes an array.
struct Array<'j, const NULLS: bool> {
    json: &'j mut Vec<u8>,
    is_empty: bool,
}

/// Writes an object.
struct Object<'j, const NULLS: bool> {
    json: &'j mut Vec<u8>,
    is_empty: bool,
    /// The offset of the current field: a null value truncates the JSON to it.
    field: usize,
}

impl<'j, const NULLS: bool> Array<'j, NULLS> {
    fn begin(json: &'j mut Vec<u8>) -> Self {
        json.push(b'[');
        let is_empty = true;
        Self { json, is_empty }
    }
}

impl<'j, const NULLS: bool> Object<'j, NULLS> {
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
        name.serialize(Value::<NULLS>(self.json))?;
        if self.json.get(begin) != Some(&b'"') {
            return Err(ser::Error::custom("the name of a field must be a string"));
        }
        self.json.push(b':');
        Ok(())
    }

    /// Writes the name of a field of a struct. Inlined, so that a constant is checked and copied with its known length.
    #[inline(always)]
    fn constant_name(&mut self, name: &'static str) -> Result<(), Error> {
        if !is_plain(name) {
            return self.name(name);
        }
        self.field = self.json.len();
        self.json.reserve(name.len() + 4);
        if !self.is_empty {
            self.json.push(b',');
        }
        self.json.push(b'"');
        self.json.extend_from_slice(name.as_bytes());
        self.json.extend_from_slice(b"\":");
        Ok(())
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let begin = self.json.len();
        value.serialize(Value::<NULLS>(self.json))?;
        if !NULLS && self.json.get(begin..) == Some(b"null") {
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

impl<'j, const NULLS: bool> ser::Serializer for Value<'j, NULLS> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Array<'j, NULLS>;
    type SerializeTuple = Array<'j, NULLS>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Object<'j, NULLS>;
    type SerializeStruct = Object<'j, NULLS>;
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
        serialize_bytes(&[u8]);
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        string(self.0, value)
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
        let mut object = Object::<NULLS>::begin(self.0);
        object.name(variant)?;
        object.value(value)?;
        ser::SerializeMap::end(object)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Array<'j, NULLS>, Error> {
        Ok(Array::begin(self.0))
    }

    fn serialize_tuple(self, _: usize) -> Result<Array<'j, NULLS>, Error> {
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

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'j, NULLS>, Error> {
        Ok(Object::<NULLS>::begin(self.0))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object<'j, NULLS>, Error> {
        // Written as an ordinary struct it would be valid JSON with a wrong value.
        if name.starts_with("$serde_json::") {
            return Err(unsupported(name));
        }
        Ok(Object::<NULLS>::begin(self.0))
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
    ser::Error::custom(format_args!(
        "no response or row has a value of the kind of {name}"
    ))
}

/// A tuple is written like a sequence.
macro_rules! arrays {
    ($($kind:ident)*) => {
        $(impl<const NULLS: bool> ser::$kind for Array<'_, NULLS> {
            type Ok = ();
            type Error = Error;

            fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
                if !self.is_empty {
                    self.json.push(b',');
                }
                self.is_empty = false;
                item.serialize(Value::<NULLS>(self.json))
            }

            fn end(self) -> Result<(), Error> {
                self.json.push(b']');
                Ok(())
            }
        })*
    };
}

arrays!(SerializeSeq SerializeTuple);

impl<const NULLS: bool> ser::SerializeMap for Object<'_, NULLS> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Error> {
        self.name(name)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    #[inline]
    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        name: &K,
        value: &V,
    ) -> Result<(), Error> {
        self.name(name)?;
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.json.push(b'}');
        Ok(())
    }
}

impl<const NULLS: bool> ser::SerializeStruct for Object<'_, NULLS> {
    type Ok = ();
    type Error = Error;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.constant_name(name)?;
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

    use super::to_vec;

    fn write(value: &impl serde::Serialize) -> Result<String, serde_json::Error> {
        let mut json = Vec::new();
        super::write::<false>(&mut json, value)?;
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

    proptest! {
        #[test]
        fn writes_responses_as_serde_json_does(
            value in values(),
            text in "[ -~\"\\\\\u{0}-\u{20}\u{7f}-\u{ff}é€𝄞]{0,40}",
            number in any::<f64>(),
        ) {
            let value = json!({"value": value, "text": text, "number": number, "list": [(), ()]});
            let json = String::from_utf8(to_vec(&value).expect("JSON")).expect("UTF-8");
            prop_assert_eq!(json, value.to_string());
        }
    }

    #[test]
    fn escapes_every_byte_at_every_position_as_serde_json_does() {
        for length in 0..26 {
            let bytes = |position| (0..128).map(move |byte| (position, byte));
            for (position, byte) in (0..length).flat_map(bytes) {
                for filler in [" ", "!", "~", "\u{7f}"] {
                    let mut text = filler.repeat(length);
                    text.replace_range(position..=position, &char::from(byte).to_string());
                    let json = to_vec(&text).expect("JSON");
                    assert_eq!(json, serde_json::to_vec(&text).expect("JSON"), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn writes_names_of_struct_fields_as_serde_json_does() {
        #[derive(serde::Serialize)]
        struct Named {
            plain: u8,
            #[serde(rename = "a name of \"more\" than eight bytes")]
            quoted: Option<u8>,
            #[serde(rename = "\\")]
            backslash: u8,
            empty: Option<u8>,
        }
        let named = Named {
            plain: 1,
            quoted: Some(2),
            backslash: 3,
            empty: None,
        };
        let json = String::from_utf8(to_vec(&named).expect("JSON")).expect("UTF-8");
        assert_eq!(json, serde_json::to_string(&named).expect("JSON"));
        let without_null = json.replace(",\"empty\":null}", "}");
        assert_eq!(write(&named).expect("JSON"), without_null);
    }

    #[test]
    fn refuses_kinds_that_no_response_or_row_has() {
        let raw = serde_json::value::RawValue::from_string("{\"a\":1}".to_owned());
        assert!(to_vec(&raw.expect("JSON")).is_err());
        assert!(to_vec(&std::collections::BTreeMap::from([(1, 2)])).is_err());
    }

    #[test]
    fn keeps_commas_between_fields() {
        let row = json!({"a": null, "b": 1, "c": null, "d": ":null", "e": null, "f": [null, {"g": null}]});
        let json = r#"{"b":1,"d":":null","f":[null,{}]}"#;
        assert_eq!(write(&row).expect("JSON"), json);
        assert_eq!(write(&json!({"a": null})).expect("JSON"), "{}");
    }
}
