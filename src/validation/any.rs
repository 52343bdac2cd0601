//! Values of custom properties. Their types are in the database, so they are checked later.

use serde::de::SeqAccess;

use super::{Field, Found, Items, Number, Text, Wire};

/// Maximum number of items of a custom property that is a list.
pub const ITEMS: usize = 1_000;

/// A value whose type is checked later.
#[derive(Debug, Clone, PartialEq)]
pub enum Any<'de> {
    Text(Text<'de>),
    Boolean(bool),
    Number(Number),
    List(Items<Text<'de>, ITEMS>),
}

/// A field of an object of custom property values.
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
