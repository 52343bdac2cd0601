//! Identifiers.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
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

/// Makes UUIDs of version 7. Those that one source makes sort in the order in which it made them.
#[derive(Debug, Clone, Default)]
pub struct IdSource(Arc<Mutex<ContextV7>>);

impl IdSource {
    /// A new id, stamped with `now`.
    pub fn next(&self, now: DateTime<Utc>) -> Uuid {
        let context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(
            &*context,
            seconds,
            now.timestamp_subsec_nanos(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_source_sort_by_creation() {
        let source = IdSource::default();
        let now = "2026-11-24T10:00:00.123Z".parse().unwrap();
        let ids: Vec<_> = (0..5_000).map(|_| source.next(now)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn takes_the_usual_form_alone() {
        assert!(uuid("018F3B7E-5C1A-7D3E-9A44-2F1B6C8D9E10").is_ok());
        assert!(uuid("018f3b7e5c1a7d3e9a442f1b6c8d9e10").is_err());
        assert!(uuid("{018f3b7e-5c1a-7d3e-9a44-2f1b6c8d9e1}").is_err());
    }
}
