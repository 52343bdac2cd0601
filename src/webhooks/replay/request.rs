//! The request body of a replay.

use chrono::{DateTime, Utc};

use crate::schema::shape;
use crate::validation::{Code, Fault, Scope, Text};
use crate::values::moment;
use crate::wire_object;

/// A cursor, as an example.
const CURSOR: &str = "c1-64745b6d1c800-0198a000000070008000000000000c01-5f1d7c3e9a2b4860";

wire_object! {
    /// The time range of the events to send again.
    ReplayRequest {
        /// The start of the range, inclusive (RFC 3339).
        "since" => since: Text<'de> =
            shape::format("date-time").required().example("2026-01-01T08:00:00Z"),
        /// The end of the range, exclusive (RFC 3339). Must be after `since`.
        "until" => until: Text<'de> =
            shape::format("date-time").required().example("2026-01-01T12:00:00Z"),
        /// `next_cursor` of the previous response for the same range. Omit it in the first request.
        "cursor" => cursor: Text<'de> = shape::pattern("^c1-[0-9a-f-]+$").example(CURSOR),
    }
}

/// A parsed replay request. `since` and `until` are present if there are no violations.
#[derive(Debug, Clone)]
pub struct ReplayDraft {
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// The end of the previous part.
    pub cursor: Option<String>,
}

impl ReplayRequest<'_> {
    /// Parses the range. Adds a violation for each invalid field.
    pub fn parse(mut self, scope: &mut Scope<'_>) -> ReplayDraft {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let since = scope.required(self.since(), moment);
        let until = scope.required(self.until(), moment);
        let cursor = scope.optional(self.cursor(), |it| Ok(it.to_owned()));
        if let (Some(since), Some(until)) = (since, until)
            && until <= since
        {
            let message = "until must be after since.";
            scope.key("until").refuse(Fault::new(Code::Range, message));
        }
        ReplayDraft {
            since,
            until,
            cursor,
        }
    }
}
