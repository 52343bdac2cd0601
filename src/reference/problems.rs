//! The page of each type of problem, with its cause, remedy and an example.

use super::page::page;
use crate::http::{ProblemParts, ProblemType};
use crate::openapi::example;

/// The page of the type with this name.
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
        "# Problems\n\nEvery error response is a problem document (RFC 9457) of one of these types.\n\n\
         | status | type | title |\n| --- | --- | --- |\n"
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
            "A value in the body, the query or a header is invalid. Each entry of `errors` has a location (`pointer` \
             into the body, `parameter` of the query, or `header`), a `code` with a stable meaning, and a message."
        }
        ProblemType::MalformedBody => {
            "The body is not valid JSON (RFC 8259): a comma or bracket is missing, a string has no quotes, or a \
             number is too large, for example."
        }
        ProblemType::MalformedFraming => {
            "The chunks of a body with `Transfer-Encoding: chunked` do not conform to RFC 9112, section 7.1, or the \
             connection was closed before the end of the body."
        }
        ProblemType::Unauthorized => {
            "The request has no API key, more than one, or an unknown or revoked one."
        }
        ProblemType::NotFound => {
            "The workspace of the API key has no resource at this path: it never existed, was deleted, or belongs to \
             another workspace."
        }
        ProblemType::MethodNotAllowed => "The path exists, but not with this method.",
        ProblemType::RequestTimeout => "The body did not arrive completely before the timeout.",
        ProblemType::PayloadTooLarge => "The body is larger than the limit of the server.",
        ProblemType::UnsupportedMediaType => {
            "The `Content-Type` is missing, is not JSON, or has a charset other than UTF-8."
        }
        ProblemType::ExternalIdTaken => {
            "External ids are unique in a workspace, and the case `case_id` has this one."
        }
        ProblemType::Conflict => "The request is valid, but the current state does not allow it.",
        ProblemType::RequestInProgress => {
            "The first request with this idempotency key has not finished. Usually the client stopped waiting and sent \
             it again."
        }
        ProblemType::ResponseErased => {
            "An earlier request with this idempotency key was executed. Its stored response was erased, because the \
             case was deleted."
        }
        ProblemType::PreconditionFailed => {
            "`If-Match` does not match the current version of the case."
        }
        ProblemType::WeakEntityTag => {
            "No strong tag of `If-Match` is the version of the case, and one of its tags is weak. `If-Match` compares \
             strongly (RFC 9110, section 13.1.1): a weak tag never matches."
        }
        ProblemType::IdempotencyKeyReused => {
            "The key was used for a request with another method, path or body."
        }
        ProblemType::InternalError => {
            "An internal error of the server. The log has the cause, with the id of the request."
        }
        ProblemType::Unavailable => {
            "The server cannot connect to its database, or the database does not respond."
        }
        ProblemType::ReadOnly => {
            "The server reaches no writable database: a standby is about to be promoted, or the database is \
             read-only."
        }
        ProblemType::TimedOut => {
            "The database did not finish before the deadline of the request: it is busy, or the case is very large."
        }
        ProblemType::OutOfResources => {
            "PostgreSQL refused the statement: its disk is full, it has no memory left, or it has reached its limit of \
             connections."
        }
        ProblemType::Busy => {
            "Other requests locked the same rows for too long, or changed what this one refers to in each attempt."
        }
        ProblemType::NotMigrated => "The schema of the database is older than the server.",
        ProblemType::OutcomeUnknown => {
            "The connection to the database was lost, or the deadline passed, while the write was in progress."
        }
        ProblemType::RateLimited => "The API key exceeded its limit of reads or writes per minute.",
        ProblemType::Overloaded => "The server has reached its limit of concurrent requests.",
        ProblemType::Stopping => "The server is shutting down and closes its connections.",
        ProblemType::UnsupportedContentEncoding => "The body has a `Content-Encoding`.",
    }
}
