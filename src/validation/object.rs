//! Objects of the contract: one visitor for all of them, made by a small macro.
//!
//! serde's own derive stops at a repeated key and takes arrays for objects; both must be reported
//! beside everything else.

use std::collections::HashSet;

use super::{Code, Fault, Names, Scope, Text, Violations, quote};

/// How many unknown or repeated keys of one object are kept; the rest is counted.
const LISTED: usize = Violations::KEPT;

/// Keys of an object that the contract does not have, or that stood in it twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnknownKeys<'de> {
    keys: Vec<(Text<'de>, bool)>,
    unlisted: usize,
}

impl<'de> UnknownKeys<'de> {
    /// Remembers a key that is not known, or that is repeated.
    pub fn add(&mut self, key: Text<'de>, repeated: bool) {
        if self.keys.len() < LISTED {
            self.keys.push((key, repeated));
        } else {
            self.unlisted += 1;
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Refuses each at its place, with the nearest of the names that the contract has. Then there are none.
    pub fn refuse(&mut self, scope: &mut Scope<'_>, known: &[&'static str]) {
        let Self { keys, unlisted } = std::mem::take(self);
        let mut seen = HashSet::new();
        for (key, is_repeated) in &keys {
            let is_repeated = *is_repeated || !seen.insert(key);
            scope.key(key).refuse_with(|| {
                if is_repeated {
                    repeated(key)
                } else {
                    unknown(key, known)
                }
            });
        }
        scope.count_more(unlisted);
    }
}

/// A key that the contract does not have, with the nearest of the names that it has.
pub fn unknown(key: &str, known: &[&'static str]) -> Fault {
    Fault::new(
        Code::UnknownField,
        format!("There is no field {} here.", quote(key)),
    )
    .suggesting(key, known.iter().copied().collect::<Names>())
}

/// A key that stands twice in one object, where readers of JSON disagree on which one counts.
pub(super) fn repeated(key: &str) -> Fault {
    let message = format!(
        "The key {} stands here more than once. Keep one of them.",
        quote(key)
    );
    Fault::new(Code::DuplicateKey, message)
}

/// An object of the contract.
pub trait Object {
    /// The names of the members that it has, `null` or not.
    fn sent(&self) -> Vec<&'static str>;

    /// Refuses keys that the contract does not have, and those of `elsewhere`: members that the same
    /// object has in other requests.
    fn refuse_others(&mut self, elsewhere: &[&'static str], scope: &mut Scope<'_>);
}

/// Declares a wire object: `"key" => field: Type = shape`, in the order of the contract, each member
/// with a comment that the reference shows. `or "[]"` behind its name takes an empty array for an empty
/// object, as languages that know no difference send it; `except f` names the function that says which
/// members another mode alone has, and `within "Whole"` what it is a part of, if not a case. Without shapes
/// it is no part of the reference. A member is a field, to look at, and a method, which takes it out with its name.
#[macro_export]
macro_rules! wire_object {
    ($(#[doc = $doc:literal])* $name:ident $(or $empty:literal)? $(except $elsewhere:ident $(within $whole:literal)?)? {
        $($(#[doc = $about:literal])* $key:literal => $field:ident: $kind:ty = $shape:expr,)*
    }) => {
        $crate::wire_object! {
            $(#[doc = $doc])* $name $(or $empty)? { $($key => $field: $kind,)* }
        }

        impl $crate::validation::Described for $name<'_> {
            const NAME: &'static str = stringify!($name);
            const ABOUT: &'static str = concat!($($doc, "\n"),*);
            $($(const WHOLE: &'static str = $whole;)?)?

            fn members() -> Vec<(&'static str, &'static str, $crate::validation::shape::Shape)> {
                vec![$(($key, concat!($($about, "\n"),*), $shape)),*]
            }

            $(fn elsewhere(mode: $crate::validation::Mode) -> &'static [&'static str] {
                $elsewhere(mode)
            })?
        }

        impl utoipa::PartialSchema for $name<'_> {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                use $crate::validation::described;
                described::schema::<Self>(described::own_mode::<Self>()).0
            }
        }

        impl utoipa::ToSchema for $name<'_> {
            fn name() -> std::borrow::Cow<'static, str> {
                use $crate::validation::described;
                described::name_in::<Self>(described::own_mode::<Self>()).into()
            }

            fn schemas(schemas: &mut Vec<$crate::validation::described::Component>) {
                use $crate::validation::described;
                schemas.extend(described::schema::<Self>(described::own_mode::<Self>()).1);
            }
        }
    };
    ($(#[$doc:meta])* $name:ident $(or $empty:literal)? { $($key:literal => $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name<'de> {
            $(pub $field: $crate::validation::Field<$kind>,)*
            /// Keys that the contract does not have, or that stood here twice.
            pub unknown_keys: $crate::validation::UnknownKeys<'de>,
        }

        impl $name<'_> {
            /// The names that the contract has here, in the order of the schema.
            pub const KNOWN: &'static [&'static str] = &[$($key),*];
        }

        impl<'de> $name<'de> {
            $(
                /// Takes the member out, with its name.
                pub fn $field(&mut self) -> $crate::validation::Member<$kind> {
                    $crate::validation::Member {
                        name: $key,
                        value: std::mem::take(&mut self.$field),
                    }
                }
            )*
        }

        impl $crate::validation::Object for $name<'_> {
            fn sent(&self) -> Vec<&'static str> {
                let mut sent = Vec::new();
                $(if !matches!(self.$field, $crate::validation::Field::Missing) {
                    sent.push($key);
                })*
                sent
            }

            fn refuse_others(
                &mut self,
                elsewhere: &[&'static str],
                scope: &mut $crate::validation::Scope<'_>,
            ) {
                let known = || {
                    let known = Self::KNOWN.iter().copied();
                    known.filter(|it| !elsewhere.contains(it)).collect::<Vec<_>>()
                };
                for name in elsewhere {
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
                mut members: A,
            ) -> Result<Result<Self, $crate::validation::Found>, A::Error> {
                use $crate::validation::{Field, Text};
                let mut taken = Self::default();
                while let Some(Field::Value(key)) = members.next_key::<Field<Text<'de>>>()? {
                    match key.as_ref() {
                        $($key if matches!(taken.$field, Field::Missing) => {
                            taken.$field = members.next_value()?;
                        })*
                        other => {
                            let repeated = Self::KNOWN.contains(&other);
                            members.next_value::<serde::de::IgnoredAny>()?;
                            taken.unknown_keys.add(key, repeated);
                        }
                    }
                }
                Ok(Ok(taken))
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
