//! Identifiers.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::validation::{Code, Fault, quote};

/// A UUID in its usual form (RFC 9562, section 4), in any case.
///
/// # Errors
/// `format`.
pub fn uuid(sent: &str) -> Result<Uuid, Fault> {
    let parsed = (sent.len() == 36)
        .then(|| Uuid::try_parse(sent).ok())
        .flatten();
    parsed.ok_or_else(|| {
        Fault::new(
            Code::Format,
            format!(
                "\"{}\" is not a UUID, such as 018f3b7e-5c1a-7d3e-9a44-2f1b6c8d9e10.",
                quote(sent)
            ),
        )
    })
}

/// The version that new ids say they have (RFC 9562, section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum IdVersion {
    /// Version 7.
    #[default]
    V7,
    /// Version 4, for clients whose validators know versions 1 to 5 alone. All other bits are those of version 7, so
    /// that ids sort by creation too.
    V4,
}

/// Makes UUIDs. Those that one source makes sort in the order in which it made them.
#[derive(Debug, Clone, Default)]
pub struct IdSource {
    context: Arc<Mutex<ContextV7>>,
    version: IdVersion,
}

impl IdSource {
    /// A source of ids of this version.
    pub fn new(version: IdVersion) -> Self {
        let context = Arc::default();
        Self { context, version }
    }

    /// A new id, stamped with `now`.
    pub fn next(&self, now: DateTime<Utc>) -> Uuid {
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        let timestamp = Timestamp::from_unix(&*context, seconds, now.timestamp_subsec_nanos());
        let id = Uuid::new_v7(timestamp);
        match self.version {
            IdVersion::V7 => id,
            IdVersion::V4 => as_version_4(id),
        }
    }
}

/// The same id with the digit of version 4.
fn as_version_4(id: Uuid) -> Uuid {
    let mut bytes = id.into_bytes();
    if let Some(byte) = bytes.get_mut(6) {
        *byte = (*byte & 0x0f) | 0x40;
    }
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_source_sort_by_creation() {
        let now = "2026-11-24T10:00:00.123Z".parse().unwrap();
        for (version, number) in [(IdVersion::V7, 7), (IdVersion::V4, 4)] {
            let source = IdSource::new(version);
            let ids: Vec<_> = (0..5_000).map(|_| source.next(now)).collect();
            assert!(ids.is_sorted_by(|a, b| a < b));
            assert!(ids.iter().all(|it| it.get_version_num() == number));
        }
    }

    #[test]
    fn takes_the_usual_form_alone() {
        assert!(uuid("018F3B7E-5C1A-7D3E-9A44-2F1B6C8D9E10").is_ok());
        assert!(uuid("018f3b7e5c1a7d3e9a442f1b6c8d9e10").is_err());
        assert!(uuid("{018f3b7e-5c1a-7d3e-9a44-2f1b6c8d9e1}").is_err());
    }
}
