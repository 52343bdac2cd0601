//! New ids.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use uuid::{ContextV7, Timestamp, Uuid};

/// The version number in new ids (RFC 9562, section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum IdVersion {
    /// Version 7.
    #[default]
    V7,
    /// Version 4, for clients whose validators accept only versions 1 to 5. All other bits are those of version 7, so
    /// these ids also sort by creation.
    V4,
}

/// Generates UUIDs. The ids of one source sort in the order of their creation.
#[derive(Debug, Clone, Default)]
pub struct IdSource {
    context: Arc<Mutex<ContextV7>>,
    version: IdVersion,
}

impl IdSource {
    /// Creates a source of ids of this version.
    pub fn new(version: IdVersion) -> Self {
        let context = Arc::default();
        Self { context, version }
    }

    /// Returns a new id with `now` as its timestamp.
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

/// Replaces the version digit with 4.
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
}
