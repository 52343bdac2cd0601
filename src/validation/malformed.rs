//! A body that is not JSON at all: the one fault that hides every other.

use serde::Deserialize;
use serde_json::de::Read;
use thiserror::Error;

use super::encoding::Encoding;
use super::{Field, Wire};

/// Reads a body, whatever JSON it is.
///
/// # Errors
/// Only if it is not JSON.
pub fn read<'de, T: Wire<'de>>(body: &'de [u8]) -> Result<Field<T>, Malformed> {
    // One look at the whole of a body costs less than one at each of its strings.
    match str::from_utf8(body) {
        Ok(text) => whole(serde_json::Deserializer::from_str(text))
            .map_err(|error| Malformed::of(body).unwrap_or_else(|| Malformed::new(&error))),
        Err(error) => {
            Err(Malformed::of(body)
                .unwrap_or_else(|| Malformed::not_utf_8(body, error.valid_up_to())))
        }
    }
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
#[error("{reason} at line {line}, column {column}{remedy}")]
pub struct Malformed {
    /// What is wrong, without a place.
    pub reason: &'static str,
    /// The first line is 1.
    pub line: usize,
    /// In bytes; the first column is 1.
    pub column: usize,
    /// What to do, as the rest of the sentence; empty where the reason says it.
    remedy: &'static str,
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
            remedy: "",
        }
    }

    /// Of a body that is encoded or packed in another way, if that is plain from how it begins.
    fn of(body: &[u8]) -> Option<Self> {
        let (reason, remedy) = Encoding::of(body)?.of_body();
        Some(Self {
            reason,
            line: 1,
            column: 1,
            remedy,
        })
    }

    /// Of a body with a byte, behind so many, that no UTF-8 has there.
    fn not_utf_8(body: &[u8], valid: usize) -> Self {
        let before = body.get(..valid).unwrap_or_default();
        let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        Self {
            reason: "There is a byte that is not UTF-8",
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            column: valid - line + 1,
            remedy: ". Send UTF-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::Text;

    #[test]
    fn what_a_body_is_instead_of_json_is_said_with_its_place() {
        for (body, expected) in [
            (
                &b"[1,\n  }"[..],
                "The body is not JSON: something else was expected at line 2, column 3",
            ),
            (
                b"{\"a\":\n \"Z\xfcrich\"}",
                "There is a byte that is not UTF-8 at line 2, column 4. Send UTF-8",
            ),
            (
                b"\xef\xbb\xbf{}",
                "There is a byte order mark (U+FEFF) in front of the JSON at line 1, column 1. Send UTF-8 without it",
            ),
            (
                b"{\0}\0",
                "The body is UTF-16 at line 1, column 1. Send UTF-8",
            ),
        ] {
            let malformed = read::<Text<'_>>(body).unwrap_err();
            assert_eq!(malformed.to_string(), expected);
        }
    }
}
