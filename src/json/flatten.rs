//! Objects whose members stand among those of another. What serde's derive flattens it writes as a map,
//! whose names nobody knows before; here it stays a struct, whose names are constants: most of what an
//! answer consists of are names.

use serde::Serialize;
use serde::ser::{Error, Impossible, SerializeStruct, Serializer};

/// Writes the members of an object among those of the struct that is being written.
///
/// # Errors
/// Those of a member, and something else than a struct.
pub fn flatten<W: SerializeStruct>(
    object: &impl Serialize,
    within: &mut W,
) -> Result<(), W::Error> {
    object.serialize(Within(within))
}

struct Within<'w, W>(&'w mut W);

struct Members<'w, W>(&'w mut W);

impl<W: SerializeStruct> SerializeStruct for Members<'_, W> {
    type Ok = ();
    type Error = W::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), W::Error> {
        self.0.serialize_field(name, value)
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), W::Error> {
        self.0.skip_field(name)
    }

    fn end(self) -> Result<(), W::Error> {
        Ok(())
    }
}

fn refused<T, E: Error>() -> Result<T, E> {
    Err(E::custom(
        "only the members of a struct can stand among those of another",
    ))
}

/// Refuses what has no members.
macro_rules! refuse {
    ($($method:ident($($kind:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $kind),*) -> Result<$ok, W::Error> {
            refused()
        })*
    };
}

impl<'w, W: SerializeStruct> Serializer for Within<'w, W> {
    type Ok = ();
    type Error = W::Error;
    type SerializeSeq = Impossible<(), W::Error>;
    type SerializeTuple = Impossible<(), W::Error>;
    type SerializeTupleStruct = Impossible<(), W::Error>;
    type SerializeTupleVariant = Impossible<(), W::Error>;
    type SerializeMap = Impossible<(), W::Error>;
    type SerializeStruct = Members<'w, W>;
    type SerializeStructVariant = Impossible<(), W::Error>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'w, W>, W::Error> {
        Ok(Members(self.0))
    }

    refuse! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize)
            -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize)
            -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), W::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), W::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), W::Error> {
        refused()
    }
}

/// Says how an object is written: its members in their order, `..` before those whose own members stand
/// in their place, as in `serialized!(View { id, ..company, relations })`. The `serde(flatten)` that stands on
/// such a member is for its schema, which reads it too.
#[macro_export]
macro_rules! serialized {
    ($name:ident { $($members:tt)* }) => {
        impl serde::Serialize for $name<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                // How many there are JSON does not need, but for whether there are any.
                let mut object = serializer.serialize_struct(stringify!($name), 1)?;
                $crate::serialized!(@members self, object, $($members)*);
                object.end()
            }
        }
    };
    (@members $view:ident, $object:ident,) => {};
    (@members $view:ident, $object:ident, ..$member:ident $(, $($more:tt)*)?) => {
        $crate::json::flatten(&$view.$member, &mut $object)?;
        $crate::serialized!(@members $view, $object, $($($more)*)?);
    };
    (@members $view:ident, $object:ident, $member:ident $(, $($more:tt)*)?) => {
        $object.serialize_field(stringify!($member), &$view.$member)?;
        $crate::serialized!(@members $view, $object, $($($more)*)?);
    };
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    #[derive(Serialize)]
    struct Part {
        a: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        b: Option<u8>,
    }

    struct Whole<'p> {
        before: u8,
        part: &'p Part,
        after: Vec<u8>,
    }

    serialized!(Whole { before, ..part, after });

    #[derive(Serialize)]
    struct Derived<'p> {
        before: u8,
        #[serde(flatten)]
        part: &'p Part,
        after: Vec<u8>,
    }

    struct Odd<'p> {
        before: u8,
        list: &'p [u8],
    }

    serialized!(Odd { before, ..list });

    #[test]
    fn members_stand_where_serde_would_flatten_them() {
        for part in [
            Part { a: None, b: None },
            Part {
                a: Some(1),
                b: Some(2),
            },
        ] {
            let (before, part, after) = (3, &part, vec![4]);
            let derived = serde_json::to_string(&Derived {
                before,
                part,
                after: after.clone(),
            });
            let whole = Whole {
                before,
                part,
                after,
            };
            let derived = derived.unwrap();
            assert_eq!(serde_json::to_string(&whole).unwrap(), derived);
            assert_eq!(crate::json::response(&whole).unwrap(), derived.as_bytes());
            let value = serde_json::to_value(&whole).unwrap();
            assert_eq!(
                value,
                serde_json::from_str::<serde_json::Value>(&derived).unwrap()
            );
        }
    }

    #[test]
    fn what_has_no_members_is_refused() {
        let odd = Odd {
            before: 1,
            list: &[2],
        };
        assert!(serde_json::to_string(&odd).is_err());
    }
}
