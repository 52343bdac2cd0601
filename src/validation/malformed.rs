//! A body that is not JSON at all: the one fault that hides every other.

use serde::Deserialize;
use serde_json::de::Read;
use thiserror::Error;

use super::{Field, Wire};

/// Reads a body, whatever JSON it is.
///
/// # Errors
/// Only if it is not JSON.
pub fn read<'de, T: Wire<'de>>(body: &'de [u8]) -> Result<Field<T>, Malformed> {
    // One look at the whole of a body costs less than one at each of its strings. Of one that is not
    // UTF-8 the reader says where.
    let read = match str::from_utf8(body) {
        Ok(text) => whole(serde_json::Deserializer::from_str(text)),
        Err(_) => whole(serde_json::Deserializer::from_slice(body)),
    };
    read.map_err(|error| Malformed::new(&error))
}

/// Everything that there is to read, as one value.
fn whole<'de, R: Read<'de>, T: Wire<'de>>(
    mut reader: serde_json::Deserializer<R>,
) -> serde_json::Result<Field<T>> {
    let field = Field::deserialize(&mut reader)?;
    reader.end()?;
    Ok(field)
}

/// Why a body is not JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason} at line {line}, column {column}")]
pub struct Malformed {
    /// What is wrong, without a place.
    pub reason: &'static str,
    /// The first line is 1.
    pub line: usize,
    /// In bytes; the first column is 1.
    pub column: usize,
}

impl Malformed {
    /// What the reader's error means for the person who must fix the body.
    pub fn new(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = match error.classify() {
            serde_json::error::Category::Eof => "The body ends before its JSON is complete",
            _ if text.starts_with("recursion limit") => "The body is nested deeper than 127 levels",
            _ if text.starts_with("number out of range") => "There is a number that is too large",
            _ if ["surrogate", "unicode", "hex escape"]
                .iter()
                .any(|it| text.contains(it)) =>
            {
                "There is text that is not valid Unicode"
            }
            _ if text.starts_with("trailing characters") => {
                "There is more after the JSON has ended"
            }
            _ => "The body is not JSON: something else was expected",
        };
        Self {
            reason,
            line: error.line(),
            column: error.column(),
        }
    }
}
