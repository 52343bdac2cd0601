//! Which events of a webhook are to be sent again, as a request says it.

use chrono::{DateTime, Utc};

use crate::schema::shape;
use crate::validation::{Code, Fault, Scope, Text};
use crate::values::moment;
use crate::wire_object;

/// What a cursor looks like.
const CURSOR: &str = "c1-64745b6d1c800-0198a000000070008000000000000c01-5f1d7c3e9a2b4860";

wire_object! {
    /// The events of a webhook that are to be sent again.
    ReplayRequest {
        /// The first moment (RFC 3339).
        "since" => since: Text<'de> =
            shape::format("date-time").required().example("2026-01-01T08:00:00Z"),
        /// The moment before which they end (RFC 3339), after `since`.
        "until" => until: Text<'de> =
            shape::format("date-time").required().example("2026-01-01T12:00:00Z"),
        /// `next_cursor` of the response before, to go on with the same range; absent at first.
        "cursor" => cursor: Text<'de> = shape::pattern("^c1-[0-9a-f-]+$").example(CURSOR),
    }
}

/// What a request says of a replay. If nothing is wrong, both moments are there.
#[derive(Debug, Clone)]
pub struct ReplayDraft {
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Where the part before ended.
    pub cursor: Option<String>,
}

impl ReplayRequest<'_> {
    /// The range, its faults refused at their places.
    pub fn parse(mut self, scope: &mut Scope<'_>) -> ReplayDraft {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let since = scope.required(self.since(), moment);
        let until = scope.required(self.until(), moment);
        let cursor = scope.optional(self.cursor(), |it| Ok(it.to_owned()));
        if let (Some(since), Some(until)) = (since, until)
            && until <= since
        {
            let message = "until must be after since. Nothing is between them.";
            scope.key("until").refuse(Fault::new(Code::Range, message));
        }
        ReplayDraft {
            since,
            until,
            cursor,
        }
    }
}
