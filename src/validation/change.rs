//! What a change says of one member.

use super::{Code, Fault, Field, Member, Scope, Text};

/// What a change says of one member: absent leaves it, `null` clears it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Change<T> {
    /// What is set, if something is.
    pub fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// The value after the change.
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

/// What a request does to what it describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Describes it as a part of something larger: what is required must be there.
    Part,
    /// Creates it: what is required must be there.
    Create,
    /// Changes it: what is required may be absent, and then stays as it is.
    Update,
}

impl Scope<'_> {
    /// The parsed value of a text member that nothing can be without.
    pub fn required_in<T>(
        &mut self,
        mode: Mode,
        member: Member<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        match mode {
            Mode::Part | Mode::Create => self.required(member, parse),
            Mode::Update => self.replacement(member, parse),
        }
    }

    /// What a change says of an optional text member: `""` clears it too.
    pub fn change<T>(
        &mut self,
        member: Member<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Change<T> {
        match &member.value {
            Field::Missing => return Change::Keep,
            Field::Null => return Change::Clear,
            Field::Value(text) if text.is_empty() => return Change::Clear,
            Field::Value(_) | Field::Mismatch(_) => {}
        }
        // What was refused changes nothing.
        self.strict(member, parse).map_or(Change::Keep, Change::Set)
    }

    /// What a change says of an optional member of any type.
    pub fn change_with<T, U>(
        &mut self,
        member: Member<T>,
        parse: impl FnOnce(&mut Self, Member<T>) -> Option<U>,
    ) -> Change<U> {
        match member.value {
            Field::Missing => Change::Keep,
            Field::Null => Change::Clear,
            Field::Value(_) | Field::Mismatch(_) => {
                parse(self, member).map_or(Change::Keep, Change::Set)
            }
        }
    }

    /// The new value of a text member that can be changed and not cleared.
    pub fn replacement<T>(
        &mut self,
        member: Member<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if member.value == Field::Null {
            let name = member.name;
            let message =
                format!("{name} cannot be cleared; null was found. Leave it out to keep it.");
            self.key(name).refuse(Fault::new(Code::Required, message));
            return None;
        }
        self.strict(member, parse)
    }
}
