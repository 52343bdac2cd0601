//! Changes of a field: keep, clear or set.

use super::{Code, Fault, Field, NamedField, Scope, Text};

/// The change of one field: an absent field is kept, `null` clears it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Change<T> {
    /// The new value. Returns `None` if the field is kept or cleared.
    pub fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// Returns the value after the change of the value `to`.
    pub fn apply(&self, to: Option<T>) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Self::Keep => to,
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }
}

/// The operation that a request performs on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Creates it as a part of a larger object. Required fields must be present.
    Part,
    /// Creates it by itself. Required fields must be present.
    Create,
    /// Updates it. A required field may be absent, and is then kept.
    Update,
}

impl Scope<'_> {
    /// Parses a string field that is required. In an update it may be absent, but not null.
    pub fn required_in<T>(
        &mut self,
        mode: Mode,
        field: NamedField<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        match mode {
            Mode::Part | Mode::Create => self.required(field, parse),
            Mode::Update => self.replacement(field, parse),
        }
    }

    /// Parses the change of an optional string field. `""` clears it too.
    pub fn change<T>(
        &mut self,
        field: NamedField<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Change<T> {
        match &field.value {
            Field::Missing => return Change::Keep,
            Field::Null => return Change::Clear,
            Field::Value(text) if text.is_empty() => return Change::Clear,
            Field::Value(_) | Field::Mismatch(_) => {}
        }
        // An invalid value changes nothing.
        self.strict(field, parse).map_or(Change::Keep, Change::Set)
    }

    /// Parses the change of an optional field of any type.
    pub fn change_with<T, U>(
        &mut self,
        field: NamedField<T>,
        parse: impl FnOnce(&mut Self, NamedField<T>) -> Option<U>,
    ) -> Change<U> {
        match field.value {
            Field::Missing => Change::Keep,
            Field::Null => Change::Clear,
            Field::Value(_) | Field::Mismatch(_) => {
                parse(self, field).map_or(Change::Keep, Change::Set)
            }
        }
    }

    /// Parses the new value of a string field that cannot be cleared. Returns `None` if it is absent or invalid.
    pub fn replacement<T>(
        &mut self,
        field: NamedField<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if field.value == Field::Null {
            let name = field.name;
            let message =
                format!("{name} cannot be cleared; null was found. Omit it to keep its value.");
            self.key(name).refuse(Fault::new(Code::Required, message));
            return None;
        }
        self.strict(field, parse)
    }
}
