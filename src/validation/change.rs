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

impl Scope<'_> {
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
            Field::Value(_) | Field::Mismatch { .. } => {}
        }
        // What was refused changes nothing.
        self.strict(member, parse).map_or(Change::Keep, Change::Set)
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
