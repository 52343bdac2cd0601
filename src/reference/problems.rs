//! The page of each type of problem: cause, remedy, example.

use super::page::page;
use crate::http::{ProblemParts, ProblemType};
use crate::openapi::example;

/// The page of a type under `/problems/`. Returns `None` if there is no type of this name.
pub fn problem_page(name: &str) -> Option<String> {
    let kind = ProblemType::ALL
        .into_iter()
        .find(|kind| kind.parts().name == name)?;
    let ProblemParts {
        status,
        title,
        remedy,
        ..
    } = kind.parts();
    let example = serde_json::to_string_pretty(&example(kind)).unwrap_or_default();
    let text = format!(
        "# {title}\n\nStatus {status}, type `/problems/{name}`.\n\n## Cause\n\n{}\n\n## Remedy\n\n{remedy}\n\n\
         ## Example\n\n```json\n{example}\n```\n\n[All problems](/problems)\n",
        cause(kind)
    );
    Some(page(title, &text))
}

/// The page that lists all types.
pub fn problems_page() -> String {
    let mut text =
        "# Problems\n\nEvery response that is not a success is a problem document (RFC 9457) of one \
                    of these types.\n\n| status | type | title |\n| --- | --- | --- |\n"
            .to_owned();
    for kind in ProblemType::ALL {
        let ProblemParts {
            status,
            name,
            title,
            ..
        } = kind.parts();
        text.push_str(&format!(
            "| {} | [{name}](/problems/{name}) | {title} |\n",
            status.as_u16()
        ));
    }
    page("Problems", &text)
}

/// The cause of a problem.
#[expect(
    clippy::too_many_lines,
    reason = "a table with one entry for each type"
)]
fn cause(kind: ProblemType) -> &'static str {
    match kind {
        ProblemType::InvalidParameters => {
            "The body, the query or a header has invalid values. Each entry of `errors` has a location \
             (`pointer` into the body, `parameter` of the query, or `header`), a `code` that never changes its \
             meaning, and a message."
        }
        ProblemType::MalformedBody => {
            "The body is not valid JSON (RFC 8259): for example, a comma or bracket is missing, a string has no \
             quotes, or a number is too large."
        }
        ProblemType::MalformedFraming => {
            "The chunks of a body with `Transfer-Encoding: chunked` violate RFC 9112, section 7.1, or \
             the connection was closed before the end of the body."
        }
        ProblemType::Unauthorized => {
            "The request has no API key, several, or one that is unknown or revoked."
        }
        ProblemType::NotFound => {
            "The workspace of the API key has nothing at this path: it was deleted, never existed, or belongs to \
             another workspace."
        }
        ProblemType::MethodNotAllowed => "The path exists, but does not support this method.",
        ProblemType::RequestTimeout => {
            "The connection was too slow, or stalled, before the body was complete."
        }
        ProblemType::PayloadTooLarge => "The body has more bytes than `DOSSIER_BODY_LIMIT` allows.",
        ProblemType::UnsupportedMediaType => {
            "The `Content-Type` is missing, is not JSON, or has another charset than UTF-8."
        }
        ProblemType::ExternalIdTaken => {
            "External ids are unique in a workspace. The case `case_id` has this one."
        }
        ProblemType::Conflict => "The request is valid, but the stored data does not allow it now.",
        ProblemType::RequestInProgress => {
            "The first request with this key has not ended. Usually, the client timed out and sent the request again."
        }
        ProblemType::ResponseErased => {
            "The request was executed before, but its result was deleted, so that the response cannot be replayed."
        }
        ProblemType::PreconditionFailed => {
            "The current version of the case does not match `If-Match`. Usually, another client has changed the case."
        }
        ProblemType::WeakEntityTag => {
            "No strong tag of `If-Match` matches the version of the case, and at least one of its tags is weak. \
             `If-Match` uses strong comparison (RFC 9110, section 13.1.1), in which a weak tag never matches. A proxy \
             that compresses responses makes tags weak."
        }
        ProblemType::IdempotencyKeyReused => {
            "A key identifies one request: its method, its path and its body."
        }
        ProblemType::InternalError => {
            "An error of the server. The cause is in the log, with the request id."
        }
        ProblemType::Unavailable => {
            "The server cannot connect to its database, or the database does not respond."
        }
        ProblemType::ReadOnly => {
            "The server finds no database that accepts writes: for example, a standby is not promoted yet, or the \
             database was made read-only."
        }
        ProblemType::TimedOut => {
            "The database needed more time than the request has: it is busy, or the case is very large."
        }
        ProblemType::OutOfResources => {
            "PostgreSQL refused the statement: its disk is full, its memory is used up, or its connection limit is \
             reached."
        }
        ProblemType::Busy => "Other requests locked the same rows for too long.",
        ProblemType::NotMigrated => "The server is newer than the schema of the database.",
        ProblemType::OutcomeUnknown => {
            "The connection to the database was lost, or the deadline passed, while the write was in progress."
        }
        ProblemType::RateLimited => {
            "Each API key has a limit of reads and a limit of writes per minute."
        }
        ProblemType::Overloaded => {
            "The server has reached its limit of concurrent requests, or no database connection or processor was free in \
             time. It refuses further requests before it slows down."
        }
        ProblemType::Stopping => "The server is stopping, and closes its connections.",
        ProblemType::UnsupportedContentEncoding => "The body has a `Content-Encoding`.",
    }
}
