//! The current location of the parser in the body.

use super::{Code, Fault, Field, Found, NamedField, Text, Violations, Wire};

#[derive(Debug, Clone, Copy)]
enum Segment<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

/// A location in the body. It is a linked list on the stack, and becomes a pointer only for an error.
#[derive(Debug, Clone, Copy)]
struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    segment: Segment<'p>,
}

impl Path<'_> {
    /// RFC 6901: each segment after a `/`, with `~` as `~0` and `/` as `~1`.
    fn write(&self, pointer: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(pointer);
        }
        match self.segment {
            Segment::Root => {}
            Segment::Index(index) => pointer.push_str(&format!("/{index}")),
            Segment::Key(key) => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
        }
    }
}

/// A location in the body, with the violations of the request.
#[derive(Debug)]
pub struct Scope<'s> {
    path: Path<'s>,
    violations: &'s mut Violations,
}

impl<'s> Scope<'s> {
    /// The body itself.
    pub fn root(violations: &'s mut Violations) -> Self {
        Self {
            path: Path {
                parent: None,
                segment: Segment::Root,
            },
            violations,
        }
    }

    /// The scope of a field of this object.
    pub fn key<'c>(&'c mut self, key: &'c str) -> Scope<'c> {
        let path = Path {
            parent: Some(&self.path),
            segment: Segment::Key(key),
        };
        Scope {
            path,
            violations: self.violations,
        }
    }

    /// The scope of an item of this array.
    pub fn index(&mut self, index: usize) -> Scope<'_> {
        let path = Path {
            parent: Some(&self.path),
            segment: Segment::Index(index),
        };
        Scope {
            path,
            violations: self.violations,
        }
    }

    /// Adds an error at this location.
    pub fn refuse(&mut self, fault: Fault) {
        self.refuse_with(|| fault);
    }

    /// Adds an error at this location. The fault is only built if it is recorded.
    pub fn refuse_with(&mut self, fault: impl FnOnce() -> Fault) {
        let path = self.path;
        let pointer = || {
            let mut pointer = String::new();
            path.write(&mut pointer);
            pointer
        };
        self.violations.add(pointer, fault);
    }

    /// Counts errors that are not recorded.
    pub fn count_more(&mut self, more: usize) {
        self.violations.count_more(more);
    }

    /// Returns the value of an optional field. Adds an error if it has another JSON type.
    pub fn given<'de, T: Wire<'de>>(&mut self, field: NamedField<T>) -> Option<T> {
        match field.value {
            Field::Missing | Field::Null => None,
            Field::Value(value) => Some(value),
            Field::Mismatch(found) => {
                self.key(field.name).refuse(mismatch::<T>(found));
                None
            }
        }
    }

    /// Parses a required string field.
    pub fn required<T>(
        &mut self,
        field: NamedField<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let name = field.name;
        let found = match field.value {
            Field::Missing => "it is missing",
            Field::Null => "null was found",
            _ => return self.strict(field, parse),
        };
        self.key(name).refuse(Fault::new(
            Code::Required,
            format!("{name} is required; {found}."),
        ));
        None
    }

    /// Parses an optional string field. `""` is a value.
    pub fn strict<T>(
        &mut self,
        field: NamedField<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let name = field.name;
        let text = self.given(field)?;
        self.key(name).parsed(&text, parse)
    }

    /// Parses an optional string field. `""` counts as absent.
    pub fn optional<T>(
        &mut self,
        field: NamedField<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let name = field.name;
        let text = self.given(field)?;
        if text.is_empty() {
            None
        } else {
            self.key(name).parsed(&text, parse)
        }
    }

    /// Parses a string at this location.
    pub fn parsed<T>(
        &mut self,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let parsed = if text.contains('\0') {
            Err(nul())
        } else {
            parse(text)
        };
        parsed.map_err(|fault| self.refuse(fault)).ok()
    }

    /// Returns the value of an array item. Adds an error if it is null or has another JSON type.
    pub fn item<'de, T: Wire<'de>>(&mut self, item: Field<T>) -> Option<T> {
        match item {
            Field::Value(value) => return Some(value),
            Field::Mismatch(found) => self.refuse(mismatch::<T>(found)),
            Field::Missing | Field::Null => self.refuse(Fault::new(
                Code::Type,
                "This cannot be null. Omit it or set a value.",
            )),
        }
        None
    }
}

/// Whether an optional string field has a value, valid or not.
pub fn is_given(field: &Field<Text<'_>>) -> bool {
    match field {
        Field::Missing | Field::Null => false,
        Field::Value(text) => !text.is_empty(),
        Field::Mismatch(_) => true,
    }
}

/// The error of a value of another JSON type.
fn mismatch<'de, T: Wire<'de>>(found: Found) -> Fault {
    let (expected, found) = (T::EXPECTED, found.as_str());
    Fault::new(
        Code::Type,
        format!("This must be {expected}; {found} was found."),
    )
}

/// The error of U+0000, which PostgreSQL cannot store in a string.
pub(super) fn nul() -> Fault {
    Fault::new(
        Code::Character,
        "This string contains the character U+0000, which cannot be stored. Remove it.",
    )
}
