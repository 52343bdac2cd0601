//! JSON values of the fields of a request.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON string. It borrows from the body if it has no escapes.
pub type Text<'de> = Cow<'de, str>;

/// The JSON type of a value in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Found {
    /// The name with its article, for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// A JSON number as the nearest double (RFC 8259, section 6).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub f64);

/// The value of a field. Parsing it never fails on a wrong JSON type, so that one error does not hide the next.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Field<T> {
    #[default]
    Missing,
    Null,
    /// A value of another type than [`Wire::EXPECTED`].
    Mismatch(Found),
    Value(T),
}

/// A [`Field`] that was taken from its object, with its name. Objects store fields without names to save memory: a
/// large body has many thousands of fields.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedField<T> {
    pub name: &'static str,
    pub value: Field<T>,
}

/// A type that is parsed from a JSON value. By default, each method refuses its JSON type.
pub trait Wire<'de>: Sized {
    /// The expected JSON type with its article, for messages: "a string".
    const EXPECTED: &'static str;

    /// Parses a string, or returns the type that was found.
    fn from_text(_: Text<'de>) -> Result<Self, Found> {
        Err(Found::String)
    }

    /// Parses a boolean, or returns the type that was found.
    fn from_boolean(_: bool) -> Result<Self, Found> {
        Err(Found::Boolean)
    }

    /// Parses a number, or returns the type that was found.
    fn from_number(_: Number) -> Result<Self, Found> {
        Err(Found::Number)
    }

    /// Parses an array, or skips it and returns the type that was found.
    ///
    /// # Errors
    /// Returns the error of the deserializer if the input is not JSON.
    fn from_array<A: SeqAccess<'de>>(mut items: A) -> Result<Result<Self, Found>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(Found::Array))
    }

    /// Parses an object, or skips it and returns the type that was found.
    ///
    /// # Errors
    /// Returns the error of the deserializer if the input is not JSON.
    fn from_object<A: MapAccess<'de>>(mut entries: A) -> Result<Result<Self, Found>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Err(Found::Object))
    }
}

impl<'de> Wire<'de> for Text<'de> {
    const EXPECTED: &'static str = "a string";

    fn from_text(text: Text<'de>) -> Result<Self, Found> {
        Ok(text)
    }
}

/// Boxes a large object, which would be expensive to move.
impl<'de, T: Wire<'de>> Wire<'de> for Box<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_text(text: Text<'de>) -> Result<Self, Found> {
        T::from_text(text).map(Self::new)
    }

    fn from_boolean(value: bool) -> Result<Self, Found> {
        T::from_boolean(value).map(Self::new)
    }

    fn from_number(number: Number) -> Result<Self, Found> {
        T::from_number(number).map(Self::new)
    }

    fn from_array<A: SeqAccess<'de>>(items: A) -> Result<Result<Self, Found>, A::Error> {
        Ok(T::from_array(items)?.map(Self::new))
    }

    fn from_object<A: MapAccess<'de>>(entries: A) -> Result<Result<Self, Found>, A::Error> {
        Ok(T::from_object(entries)?.map(Self::new))
    }
}

impl Wire<'_> for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_boolean(value: bool) -> Result<Self, Found> {
        Ok(value)
    }
}

impl Wire<'_> for Number {
    const EXPECTED: &'static str = "a number";

    fn from_number(number: Number) -> Result<Self, Found> {
        Ok(number)
    }
}

struct FieldVisitor<T>(PhantomData<T>);

fn field<'de, T: Wire<'de>>(parsed: Result<T, Found>) -> Field<T> {
    match parsed {
        Ok(value) => Field::Value(value),
        Err(found) => Field::Mismatch(found),
    }
}

impl<'de, T: Wire<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Field::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(field(T::from_boolean(value)))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "JSON numbers are doubles (RFC 8259)"
    )]
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(field(T::from_number(Number(value as f64))))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "JSON numbers are doubles (RFC 8259)"
    )]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(field(T::from_number(Number(value as f64))))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(field(T::from_number(Number(value))))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(field(T::from_text(Cow::Borrowed(text))))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(field(T::from_text(Cow::Owned(text.to_owned()))))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(field(T::from_text(Cow::Owned(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Ok(field(T::from_array(items)?))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        Ok(field(T::from_object(entries)?))
    }
}

impl<'de, T: Wire<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}
