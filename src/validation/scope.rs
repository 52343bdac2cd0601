//! Where the parser stands in the body, and what it has found wrong so far.

use super::{Code, Fault, Field, Found, Member, Text, Violations, Wire};

#[derive(Debug, Clone, Copy)]
enum Segment<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

/// A place in the body: a list on the stack, made into a pointer only when a fault is found.
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

/// A place in the body together with the collector of violations.
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

    /// A member of the object that stands here.
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

    /// An item of the array that stands here.
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

    /// Something is wrong here.
    pub fn refuse(&mut self, fault: Fault) {
        self.refuse_with(|| fault);
    }

    /// Something is wrong here; what, is only worked out if it will be listed.
    pub fn refuse_with(&mut self, fault: impl FnOnce() -> Fault) {
        let path = self.path;
        let pointer = || {
            let mut pointer = String::new();
            path.write(&mut pointer);
            pointer
        };
        self.violations.add(pointer, fault);
    }

    /// Faults here that are counted and not listed.
    pub fn count_more(&mut self, more: usize) {
        self.violations.count_more(more);
    }

    /// The value of a member that may be missing or null; any other JSON type is refused.
    pub fn given<'de, T: Wire<'de>>(&mut self, member: Member<T>) -> Option<T> {
        match member.value {
            Field::Missing | Field::Null => None,
            Field::Value(value) => Some(value),
            Field::Mismatch(found) => {
                self.key(member.name).refuse(mismatch::<T>(found));
                None
            }
        }
    }

    /// The parsed value of a text member that must be there.
    pub fn required<T>(
        &mut self,
        member: Member<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let name = member.name;
        let found = match member.value {
            Field::Missing => "it is missing",
            Field::Null => "null was found",
            _ => return self.strict(member, parse),
        };
        self.key(name).refuse(Fault::new(
            Code::Required,
            format!("{name} is required; {found}."),
        ));
        None
    }

    /// The parsed value of an optional text member whose `""` is a value like any other.
    pub fn strict<T>(
        &mut self,
        member: Member<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let name = member.name;
        let text = self.given(member)?;
        self.key(name).parsed(&text, parse)
    }

    /// The parsed value of an optional text member whose `""` means 'not given'.
    pub fn optional<T>(
        &mut self,
        member: Member<Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let name = member.name;
        let text = self.given(member)?;
        if text.is_empty() {
            None
        } else {
            self.key(name).parsed(&text, parse)
        }
    }

    /// The parsed value of the text that stands here.
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

    /// The value of an array's item; null and any other JSON type are refused.
    pub fn item<'de, T: Wire<'de>>(&mut self, item: Field<T>) -> Option<T> {
        match item {
            Field::Value(value) => return Some(value),
            Field::Mismatch(found) => self.refuse(mismatch::<T>(found)),
            Field::Missing | Field::Null => self.refuse(Fault::new(
                Code::Type,
                "This cannot be null. Leave it out or give it a value.",
            )),
        }
        None
    }
}

/// Whether something stands in an optional text member, be it right or wrong.
pub fn is_given(member: &Field<Text<'_>>) -> bool {
    match member {
        Field::Missing | Field::Null => false,
        Field::Value(text) => !text.is_empty(),
        Field::Mismatch(_) => true,
    }
}

/// A value of another JSON type than the contract has here.
fn mismatch<'de, T: Wire<'de>>(found: Found) -> Fault {
    let (expected, found) = (T::EXPECTED, found.as_str());
    Fault::new(
        Code::Type,
        format!("This must be {expected}; {found} was found."),
    )
}

/// U+0000, which no text in the database can hold.
pub(super) fn nul() -> Fault {
    Fault::new(
        Code::Character,
        "This text has the character U+0000, which cannot be stored. Remove it.",
    )
}
