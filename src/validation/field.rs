//! What may stand where the contract has a value.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON string, borrowed from the body where it has no escapes.
pub type Text<'de> = Cow<'de, str>;

/// The JSON type that was found.
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
    /// With its article, for a message.
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

/// A JSON number. One that is no 64-bit integer is kept as the nearest double (RFC 8259, section 6).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub f64);

/// What stands at one place. Reading it never fails on a shape error, so that one wrong type does
/// not hide the next fault.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Field<T> {
    #[default]
    Missing,
    Null,
    /// Something else than [`Wire::EXPECTED`].
    Mismatch(Found),
    Value(T),
}

/// A [`Field`] on its way out of an object, with its name, so that no pointer can name another. While it is
/// in there the object's type says its name: a large body is many thousands of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Member<T> {
    pub name: &'static str,
    pub value: Field<T>,
}

/// What a type accepts of JSON. Each method refuses until a type says otherwise.
pub trait Wire<'de>: Sized {
    /// With its article: "a string".
    const EXPECTED: &'static str;

    /// Takes a string, or says what was found.
    fn from_text(_: Text<'de>) -> Result<Self, Found> {
        Err(Found::String)
    }

    /// Takes a boolean, or says what was found.
    fn from_boolean(_: bool) -> Result<Self, Found> {
        Err(Found::Boolean)
    }

    /// Takes a number, or says what was found.
    fn from_number(_: Number) -> Result<Self, Found> {
        Err(Found::Number)
    }

    /// Takes an array, or reads past it and says what was found.
    ///
    /// # Errors
    /// Those of the reader: the text is not JSON.
    fn from_array<A: SeqAccess<'de>>(mut items: A) -> Result<Result<Self, Found>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(Found::Array))
    }

    /// Takes an object, or reads past it and says what was found.
    ///
    /// # Errors
    /// Those of the reader: the text is not JSON.
    fn from_object<A: MapAccess<'de>>(mut members: A) -> Result<Result<Self, Found>, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Err(Found::Object))
    }
}

impl<'de> Wire<'de> for Text<'de> {
    const EXPECTED: &'static str = "a string";

    fn from_text(text: Text<'de>) -> Result<Self, Found> {
        Ok(text)
    }
}

/// An object that is moved often and is large is taken to where it does not move.
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

    fn from_object<A: MapAccess<'de>>(members: A) -> Result<Result<Self, Found>, A::Error> {
        Ok(T::from_object(members)?.map(Self::new))
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

/// Any JSON value, as the custom properties need it: their types are known only to the database.
pub mod any {
    use super::{Field, Found, Number, SeqAccess, Text, Wire};
    use crate::validation::Items;

    /// The longest list a custom property can have.
    pub const ITEMS: usize = 1_000;

    /// A value whose type is checked later.
    #[derive(Debug, Clone, PartialEq)]
    pub enum Any<'de> {
        Text(Text<'de>),
        Boolean(bool),
        Number(Number),
        List(Items<Text<'de>, ITEMS>),
    }

    /// A member of an object of such values.
    pub type AnyField<'de> = Field<Any<'de>>;

    impl<'de> Wire<'de> for Any<'de> {
        const EXPECTED: &'static str = "a string, a number, true, false or a list of strings";

        fn from_text(text: Text<'de>) -> Result<Self, Found> {
            Ok(Self::Text(text))
        }

        fn from_boolean(value: bool) -> Result<Self, Found> {
            Ok(Self::Boolean(value))
        }

        fn from_number(number: Number) -> Result<Self, Found> {
            Ok(Self::Number(number))
        }

        fn from_array<A: SeqAccess<'de>>(items: A) -> Result<Result<Self, Found>, A::Error> {
            Ok(Items::from_array(items)?.map(Self::List))
        }
    }
}

struct FieldVisitor<T>(PhantomData<T>);

fn field<'de, T: Wire<'de>>(taken: Result<T, Found>) -> Field<T> {
    match taken {
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

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        Ok(field(T::from_object(members)?))
    }
}

impl<'de, T: Wire<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}
