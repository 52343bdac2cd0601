//! Cursors: the position at which the next page of a list begins.

use std::fmt;

use chrono::DateTime;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::listing::CursorPosition;
use crate::validation::{Code, Fault};

/// A position in a list, with a digest of the list and its filters. Opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub position: CursorPosition,
    pub digest: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.position.created_at.timestamp_micros();
        let id = self.position.id.simple();
        write!(formatter, "c1-{micros:x}-{id}-{:016x}", self.digest)
    }
}

impl Cursor {
    /// Returns the digest of a list and its filters. The order of the filters does not matter.
    pub fn digest<'p>(
        list: &str,
        filters: impl Iterator<Item = &'p (String, String)>,
        descending: bool,
    ) -> u64 {
        let mut parameters: Vec<_> = filters.collect();
        parameters.sort();
        let mut hash = Sha256::new();
        hash.update([u8::from(descending)]);
        hash.update(list.len().to_be_bytes());
        hash.update(list.as_bytes());
        for (name, value) in parameters {
            for part in [name, value] {
                hash.update(part.len().to_be_bytes());
                hash.update(part.as_bytes());
            }
        }
        let bytes: [u8; 32] = hash.finalize().into();
        bytes
            .iter()
            .take(8)
            .fold(0, |digest, byte| (digest << 8) | u64::from(*byte))
    }

    /// Parses a cursor of the list with this digest.
    ///
    /// # Errors
    /// Returns a fault with the code `format` if it is not a cursor, and `mutually_exclusive` if it belongs to another
    /// list.
    pub fn read(text: &str, digest: u64) -> Result<Self, Fault> {
        let cursor = Self::parse(text).ok_or_else(|| {
            let message = "This is not a cursor. Send next_cursor of the previous page unchanged, or \
                           leave the value empty to start.";
            Fault::new(Code::Format, message)
        })?;
        if cursor.digest == digest {
            return Ok(cursor);
        }
        let message = "This cursor belongs to another list, other filters or another order. Keep them \
                       the same on each page, or leave the value empty to start.";
        Err(Fault::new(Code::MutuallyExclusive, message))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("c1-")?.split('-');
        let micros = i64::from_str_radix(parts.next()?, 16).ok()?;
        let id = Uuid::try_parse(parts.next()?).ok()?;
        let digest = u64::from_str_radix(parts.next()?, 16).ok()?;
        let created_at = DateTime::from_timestamp_micros(micros)?;
        parts.next().is_none().then_some(Self {
            position: CursorPosition { created_at, id },
            digest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_only_cursors_of_the_same_list() {
        let cursor = Cursor {
            position: CursorPosition {
                created_at: DateTime::from_timestamp_micros(1_795_500_000_123_456).unwrap(),
                id: Uuid::from_u128(7),
            },
            digest: 9,
        };
        assert_eq!(Cursor::read(&cursor.to_string(), 9), Ok(cursor));
        let other = Cursor::read(&cursor.to_string(), 8).unwrap_err();
        assert_eq!(other.code, Code::MutuallyExclusive);
        for text in ["", "c1-", "c1-x-y-z", "c1-0-0-0-0", "é"] {
            assert_eq!(
                Cursor::read(text, 9).unwrap_err().code,
                Code::Format,
                "{text}"
            );
        }
    }
}
