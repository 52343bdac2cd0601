//! The macro that declares a wire object: an object of a request, with its parser and its schema.
//!
//! The derive of serde stops at a repeated key and accepts an array for a struct. This parser reports both, together
//! with every other error.

/// Declares a wire object: `"key" => field: Type = shape`, in the order of the schema. The doc comment of a field is
/// its description in the API reference.
///
/// - `or "[]"` after the name accepts an empty array for an empty object, as PHP sends it.
/// - `except f` names the function that returns the fields which only other modes have.
/// - `within "Whole"` names the object that contains it, if that is not a case.
///
/// Without shapes, the object has no schema. For each field, the struct has a public field and a method that takes the
/// value together with the name.
#[macro_export]
macro_rules! wire_object {
    ($(#[doc = $doc:literal])* $name:ident $(or $empty:literal)? $(except $others:ident $(within $whole:literal)?)? {
        $($(#[doc = $about:literal])* $key:literal => $field:ident: $kind:ty = $shape:expr,)*
    }) => {
        $crate::wire_object! {
            $(#[doc = $doc])* $name $(or $empty)? { $($key => $field: $kind,)* }
        }

        impl $crate::schema::Described for $name<'_> {
            const NAME: &'static str = stringify!($name);
            const ABOUT: &'static str = concat!($($doc, "\n"),*);
            $($(const WHOLE: &'static str = $whole;)?)?

            fn fields() -> Vec<(&'static str, &'static str, $crate::schema::Shape)> {
                vec![$(($key, concat!($($about, "\n"),*), $shape)),*]
            }

            $(fn fields_of_other_modes(mode: $crate::validation::Mode) -> &'static [&'static str] {
                $others(mode)
            })?
        }

        impl utoipa::PartialSchema for $name<'_> {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::schema::schema::<Self>($crate::schema::own_mode::<Self>()).0
            }
        }

        impl utoipa::ToSchema for $name<'_> {
            fn name() -> std::borrow::Cow<'static, str> {
                $crate::schema::name_in::<Self>($crate::schema::own_mode::<Self>()).into()
            }

            fn schemas(schemas: &mut Vec<$crate::schema::Component>) {
                let mode = $crate::schema::own_mode::<Self>();
                schemas.extend($crate::schema::schema::<Self>(mode).1);
            }
        }
    };
    ($(#[$doc:meta])* $name:ident $(or $empty:literal)? { $($key:literal => $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name<'de> {
            $(pub $field: $crate::validation::Field<$kind>,)*
            /// Unknown and repeated keys.
            pub unknown_keys: $crate::validation::UnknownKeys<'de>,
        }

        impl $name<'_> {
            /// The names of all fields, in the order of the schema.
            pub const KNOWN: &'static [&'static str] = &[$($key),*];
        }

        impl<'de> $name<'de> {
            $(
                /// Takes the value, with the name of the field.
                pub fn $field(&mut self) -> $crate::validation::NamedField<$kind> {
                    $crate::validation::NamedField {
                        name: $key,
                        value: std::mem::take(&mut self.$field),
                    }
                }
            )*
        }

        impl $crate::validation::Object for $name<'_> {
            fn sent_fields(&self) -> Vec<&'static str> {
                let mut sent = Vec::new();
                $(if !matches!(self.$field, $crate::validation::Field::Missing) {
                    sent.push($key);
                })*
                sent
            }

            fn refuse_unexpected(
                &mut self,
                others: &[&'static str],
                scope: &mut $crate::validation::Scope<'_>,
            ) {
                let known = || {
                    let known = Self::KNOWN.iter().copied();
                    known.filter(|it| !others.contains(it)).collect::<Vec<_>>()
                };
                for name in others {
                    match *name {
                        $($key if !matches!(self.$field, $crate::validation::Field::Missing) => {
                            self.$field = $crate::validation::Field::Missing;
                            scope
                                .key($key)
                                .refuse_with(|| $crate::validation::unknown($key, &known()));
                        })*
                        _ => {}
                    }
                }
                if !self.unknown_keys.is_empty() {
                    self.unknown_keys.refuse(scope, &known());
                }
            }
        }

        impl<'de> $crate::validation::Wire<'de> for $name<'de> {
            const EXPECTED: &'static str = "an object";

            fn from_object<A: serde::de::MapAccess<'de>>(
                mut fields: A,
            ) -> Result<Result<Self, $crate::validation::Found>, A::Error> {
                use $crate::validation::{Field, Text};
                let mut object = Self::default();
                while let Some(Field::Value(key)) = fields.next_key::<Field<Text<'de>>>()? {
                    match key.as_ref() {
                        $($key if matches!(object.$field, Field::Missing) => {
                            object.$field = fields.next_value()?;
                        })*
                        other => {
                            let repeated = Self::KNOWN.contains(&other);
                            fields.next_value::<serde::de::IgnoredAny>()?;
                            object.unknown_keys.add(key, repeated);
                        }
                    }
                }
                Ok(Ok(object))
            }

            fn from_array<A: serde::de::SeqAccess<'de>>(
                mut items: A,
            ) -> Result<Result<Self, $crate::validation::Found>, A::Error> {
                let takes_empty = false $(|| $empty == "[]")?;
                let mut is_empty = true;
                while items.next_element::<serde::de::IgnoredAny>()?.is_some() {
                    is_empty = false;
                }
                Ok(if takes_empty && is_empty {
                    Ok(Self::default())
                } else {
                    Err($crate::validation::Found::Array)
                })
            }
        }
    };
}
