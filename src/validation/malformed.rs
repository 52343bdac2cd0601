//! Bodies that are not JSON. This is the only error that hides all others.

use serde::Deserialize;
use serde_json::de::Read;
use thiserror::Error;

use super::encoding::Encoding;
use super::{Field, Wire};

/// Parses a body of any JSON type.
///
/// # Errors
/// Returns [`Malformed`] if it is not JSON.
pub fn read<'de, T: Wire<'de>>(body: &'de [u8]) -> Result<Field<T>, Malformed> {
    // One UTF-8 check of the whole body is cheaper than one for each of its strings.
    match str::from_utf8(body) {
        Ok(text) => parse_all(serde_json::Deserializer::from_str(text))
            .map_err(|error| Malformed::of(body).unwrap_or_else(|| Malformed::new(&error))),
        Err(error) => {
            Err(Malformed::of(body)
                .unwrap_or_else(|| Malformed::not_utf_8(body, error.valid_up_to())))
        }
    }
}

/// Parses the whole input as one value.
fn parse_all<'de, R: Read<'de>, T: Wire<'de>>(
    mut reader: serde_json::Deserializer<R>,
) -> serde_json::Result<Field<T>> {
    let field = Field::deserialize(&mut reader)?;
    reader.end()?;
    Ok(field)
}

/// The reason why a body is not JSON, and the position of the error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason} at line {line}, column {column}{remedy}")]
pub struct Malformed {
    /// The error, without its position.
    pub reason: &'static str,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1.
    pub column: usize,
    /// What to do: `. ` and a sentence without its full stop. Empty if the reason is enough.
    remedy: &'static str,
}

impl Malformed {
    /// Explains an error of the parser.
    pub fn new(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = match error.classify() {
            serde_json::error::Category::Eof => "The body ends before its JSON is complete",
            _ if text.starts_with("recursion limit") => "The body is nested deeper than 127 levels",
            _ if text.starts_with("number out of range") => "A number is too large",
            _ if ["surrogate", "unicode", "hex escape"]
                .iter()
                .any(|it| text.contains(it)) =>
            {
                "A string is not valid Unicode"
            }
            _ if text.starts_with("trailing characters") => "Characters follow the end of the JSON",
            _ => "The body is not valid JSON: syntax error",
        };
        Self {
            reason,
            line: error.line(),
            column: error.column(),
            remedy: "",
        }
    }

    /// The error of a body in another encoding or compressed, if its first bytes show that.
    fn of(body: &[u8]) -> Option<Self> {
        let (reason, remedy) = Encoding::of(body)?.of_body();
        Some(Self {
            reason,
            line: 1,
            column: 1,
            remedy,
        })
    }

    /// The error of a body that is UTF-8 only up to the byte at index `valid`.
    fn not_utf_8(body: &[u8], valid: usize) -> Self {
        let before = body.get(..valid).unwrap_or_default();
        let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        Self {
            reason: "A byte is not valid UTF-8",
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
    fn names_the_error_and_its_position() {
        for (body, expected) in [
            (
                &b"[1,\n  }"[..],
                "The body is not valid JSON: syntax error at line 2, column 3",
            ),
            (
                b"{\"a\":\n \"Z\xfcrich\"}",
                "A byte is not valid UTF-8 at line 2, column 4. Send UTF-8",
            ),
            (
                b"\xef\xbb\xbf{}",
                "The body begins with a byte order mark (U+FEFF) at line 1, column 1. Send UTF-8 without it",
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
