//! The writer of answers and rows. Both are mostly text that needs no escapes, and are written as such;
//! everything else is left to `serde_json`, which would write the same. Kinds that neither has are refused:
//! structs without names, variants with several parts, and what `serde_json` has for its own use.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{self, Impossible};
use serde_json::{Error, to_writer};

/// How long the answer of a case is at the most, mostly, in bytes, and so are its rows.
const USUAL: usize = 16 * 1024;
/// A value, as an answer shows it.
///
/// # Errors
/// Those of a value of a kind that is not written here.
pub fn response(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut json = Vec::with_capacity(USUAL);
    write::<true>(&mut json, value)?;
    // It may wait a while to be sent.
    json.shrink_to_fit();
    Ok(json)
}

/// Appends a value, with or without its null fields.
///
/// # Errors
/// Returns an error for a value of a kind that is not written here.
pub(super) fn write<const NULLS: bool>(
    json: &mut Vec<u8>,
    value: &impl Serialize,
) -> Result<(), Error> {
    value.serialize(Value::<NULLS>(json))
}

/// Writes one value, with `NULLS` as members of objects or without.
struct Value<'j, const NULLS: bool>(&'j mut Vec<u8>);

/// Writes a list.
struct List<'j, const NULLS: bool> {
    json: &'j mut Vec<u8>,
    is_empty: bool,
}

/// Writes an object.
struct Object<'j, const NULLS: bool> {
    json: &'j mut Vec<u8>,
    is_empty: bool,
    /// Where the member begins whose value comes next.
    member: usize,
}

fn text(json: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    if !is_plain(text) {
        return to_writer(json, text);
    }
    json.reserve(text.len() + 2);
    json.push(b'"');
    json.extend_from_slice(text.as_bytes());
    json.push(b'"');
    Ok(())
}

/// Whether a text has neither a quote, nor a backslash, nor a control character (RFC 8259, section 7).
#[inline(always)]
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let Some(last) = bytes.last_chunk() {
        // The last word may say again what the one before has said.
        let (words, _) = bytes.as_chunks();
        let mut words = words.iter().chain([last]);
        return words.all(|it| is_plain_word(u64::from_le_bytes(*it)));
    }
    // What there is not enough of is filled up.
    let mut word = [b' '; 8];
    for (place, byte) in word.iter_mut().zip(bytes) {
        *place = *byte;
    }
    is_plain_word(u64::from_le_bytes(word))
}

/// The same of eight bytes at once. Of a byte that is less than another, taking that away sets the
/// highest bit, which no byte of ASCII has itself.
fn is_plain_word(word: u64) -> bool {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = EACH << 7;
    let less = |word: u64, than: u8| word.wrapping_sub(EACH * u64::from(than)) & !word;
    let equal = |to: u8| less(word ^ (EACH * u64::from(to)), 1);
    (less(word, b' ') | equal(b'"') | equal(b'\\')) & HIGHEST == 0
}

impl<'j, const NULLS: bool> List<'j, NULLS> {
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
        item.serialize(Value::<NULLS>(self.json))
    }

    fn end(self) {
        self.json.push(b']');
    }
}

impl<'j, const NULLS: bool> Object<'j, NULLS> {
    fn begin(json: &'j mut Vec<u8>) -> Self {
        json.push(b'{');
        Self {
            member: json.len(),
            json,
            is_empty: true,
        }
    }

    /// The name of a member of a struct. Inlined where the name is known, so that it is looked at and copied
    /// as a text of known length: most of what is written are names.
    #[inline(always)]
    fn name(&mut self, name: &'static str) -> Result<(), Error> {
        if !is_plain(name) {
            return self.key(name);
        }
        self.member = self.json.len();
        self.json.reserve(name.len() + 4);
        if !self.is_empty {
            self.json.push(b',');
        }
        self.json.push(b'"');
        self.json.extend_from_slice(name.as_bytes());
        self.json.extend_from_slice(b"\":");
        Ok(())
    }

    fn key(&mut self, key: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.member = self.json.len();
        if !self.is_empty {
            self.json.push(b',');
        }
        let begin = self.json.len();
        key.serialize(Value::<NULLS>(self.json))?;
        if self.json.get(begin) != Some(&b'"') {
            return Err(ser::Error::custom("the name of a member is text"));
        }
        self.json.push(b':');
        Ok(())
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let begin = self.json.len();
        value.serialize(Value::<NULLS>(self.json))?;
        if !NULLS && self.json.get(begin..) == Some(b"null") {
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

impl<'j, const NULLS: bool> ser::Serializer for Value<'j, NULLS> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'j, NULLS>;
    type SerializeTuple = List<'j, NULLS>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Object<'j, NULLS>;
    type SerializeStruct = Object<'j, NULLS>;
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
        serialize_bytes(&[u8]);
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        text(self.0, value)
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
        object.key(variant)?;
        object.value(value)?;
        object.end();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'j, NULLS>, Error> {
        Ok(List::begin(self.0))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Ok(List::begin(self.0))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(without_form(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(without_form(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'j, NULLS>, Error> {
        Ok(Object::begin(self.0))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object<'j, NULLS>, Error> {
        // Written as a struct it would be valid, and wrong.
        if name.starts_with("$serde_json::") {
            return Err(without_form(name));
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
        Err(without_form(name))
    }
}

fn without_form(name: &str) -> Error {
    ser::Error::custom(format_args!(
        "{name} is of a kind that neither answers nor rows have"
    ))
}

/// A tuple is written as any list.
macro_rules! lists {
    ($($kind:ident)*) => {
        $(impl<const NULLS: bool> ser::$kind for List<'_, NULLS> {
            type Ok = ();
            type Error = Error;

            fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
                self.push(item)
            }

            fn end(self) -> Result<(), Error> {
                self.end();
                Ok(())
            }
        })*
    };
}

lists!(SerializeSeq SerializeTuple);

impl<const NULLS: bool> ser::SerializeMap for Object<'_, NULLS> {
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

impl<const NULLS: bool> ser::SerializeStruct for Object<'_, NULLS> {
    type Ok = ();
    type Error = Error;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.name(key)?;
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

    use super::super::rows::Rows;
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
            let row = json!({"value": value, "at": [value, value]});
            let row = Rows::omitting_nulls(&row).expect("JSON");
            let left: Value = serde_json::from_str(row.as_str()).expect("JSON");
            let value = stripped(value);
            let whole = stripped(json!({"value": value, "at": [value.clone(), value]}));
            prop_assert_eq!(left, whole);
        }
    }

    proptest! {
        #[test]
        fn an_answer_is_what_serde_json_writes(
            value in values(),
            text in "[ -~\"\\\\\u{0}-\u{20}\u{7f}-\u{ff}é€𝄞]{0,40}",
            number in any::<f64>(),
        ) {
            let value = json!({"value": value, "text": text, "number": number, "at": [(), ()]});
            let json = String::from_utf8(response(&value).expect("JSON")).expect("text");
            prop_assert_eq!(json, value.to_string());
        }
    }

    #[test]
    fn text_is_plain_where_no_byte_needs_an_escape() {
        for length in 0..26 {
            for (place, byte) in (0..length).flat_map(|place| (0..128).map(move |it| (place, it))) {
                for filler in [" ", "!", "~", "\u{7f}"] {
                    let mut text = filler.repeat(length);
                    text.replace_range(place..=place, &char::from(byte).to_string());
                    let json = response(&text).expect("JSON");
                    assert_eq!(json, serde_json::to_vec(&text).expect("JSON"), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn names_of_structs_are_what_serde_json_writes() {
        #[derive(Serialize)]
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
        let json = String::from_utf8(response(&named).expect("JSON")).expect("text");
        assert_eq!(json, serde_json::to_string(&named).expect("JSON"));
        let left = json
            .strip_suffix(",\"empty\":null}")
            .expect("the last member");
        let row = Rows::omitting_nulls(&named).expect("JSON");
        assert_eq!(row.as_str(), format!("{left}}}"));
    }

    #[test]
    fn what_it_cannot_write_is_refused() {
        let raw = serde_json::value::RawValue::from_string("{\"a\":1}".to_owned());
        assert!(response(&raw.expect("JSON")).is_err());
        assert!(response(&std::collections::BTreeMap::from([(1, 2)])).is_err());
    }

    #[test]
    fn commas_stay_between_members() {
        let row = json!({"a": null, "b": 1, "c": null, "d": ":null", "e": null, "f": [null, {"g": null}]});
        let row = Rows::omitting_nulls(&row).expect("JSON");
        assert_eq!(row.as_str(), r#"{"b":1,"d":":null","f":[null,{}]}"#);
        let empty = Rows::omitting_nulls(&json!({"a": null})).expect("JSON");
        assert_eq!(empty.as_str(), "{}");
    }
}
