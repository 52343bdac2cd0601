//! The page of each type of problem: cause, remedy, example.

use super::page::page;
use crate::http::ProblemType;
use crate::openapi::example;

/// The page under `/problems/` for a name, if there is such a type.
pub fn problem_page(name: &str) -> Option<String> {
    let kind = ProblemType::ALL
        .into_iter()
        .find(|kind| kind.parts().1 == name)?;
    let (status, _, title, remedy) = kind.parts();
    let example = serde_json::to_string_pretty(&example(kind)).unwrap_or_default();
    let text = format!(
        "# {title}\n\nStatus {status}, type `/problems/{name}`.\n\n## Cause\n\n{}\n\n## Remedy\n\n{remedy}\n\n\
         ## Example\n\n```json\n{example}\n```\n\n[All problems](/problems)\n",
        cause(kind)
    );
    Some(page(title, &text))
}

/// The page that lists them all.
pub fn problems_page() -> String {
    let mut text =
        "# Problems\n\nEvery answer that is not a success is a problem document (RFC 9457) of one \
                    of these types.\n\n| status | type | what it says |\n| --- | --- | --- |\n"
            .to_owned();
    for kind in ProblemType::ALL {
        let (status, name, title, _) = kind.parts();
        text.push_str(&format!(
            "| {} | [{name}](/problems/{name}) | {title} |\n",
            status.as_u16()
        ));
    }
    page("Problems", &text)
}

/// Why a request ends so.
#[expect(
    clippy::too_many_lines,
    reason = "a table with one entry for each type"
)]
fn cause(kind: ProblemType) -> &'static str {
    match kind {
        ProblemType::InvalidParameters => {
            "Something in the body, the query or a header breaks a rule. Each entry of `errors` has the place \
             (`pointer` into the body, `parameter` of the query, or `header`), a `code` that never changes its \
             meaning, and a message that says what was found."
        }
        ProblemType::MalformedBody => {
            "The body cannot be read as JSON (RFC 8259): a comma or bracket is missing or too many, text is not \
             in quotes, or a number is beyond what JSON readers take."
        }
        ProblemType::MalformedFraming => {
            "The chunks of a body with `Transfer-Encoding: chunked` are not as RFC 9112, section 7.1, defines them, or \
             the connection was closed before the end of the body."
        }
        ProblemType::Unauthorized => {
            "The request has no key, more than one, or one that no workspace has, perhaps because it was revoked."
        }
        ProblemType::NotFound => {
            "The workspace of the key has nothing at this path: it was deleted, it never was, or it belongs to \
             another workspace, which looks the same."
        }
        ProblemType::MethodNotAllowed => "The path exists, and takes other methods.",
        ProblemType::RequestTimeout => {
            "The connection was too slow, or stopped, before the body was whole."
        }
        ProblemType::PayloadTooLarge => "The body has more bytes than the server is set to take.",
        ProblemType::UnsupportedMediaType => {
            "The `Content-Type` is missing, is not JSON, or names another charset than UTF-8."
        }
        ProblemType::ExternalIdTaken => {
            "External ids are unique in a workspace, and `case_id` has this one."
        }
        ProblemType::Conflict => {
            "The request is right by itself, and what is stored does not allow it now."
        }
        ProblemType::RequestInProgress => {
            "The first request with this key has not ended. Most often the client gave up waiting and sent it again."
        }
        ProblemType::ResponseErased => {
            "The request was done once. Its answer is kept for a repetition, but what it showed was deleted since."
        }
        ProblemType::PreconditionFailed => {
            "The version of the case is not the one that `If-Match` names."
        }
        ProblemType::WeakEntityTag => {
            "No strong tag of `If-Match` is the version of the case, and one of its tags is weak. `If-Match` compares \
             strongly (RFC 9110, section 13.1.1), whatever the version of a weak tag is."
        }
        ProblemType::IdempotencyKeyReused => {
            "A key names one request: its method, its path and its body."
        }
        ProblemType::InternalError => {
            "A fault of the server. Nothing of its cause is shown; the log has it, with the id of the request."
        }
        ProblemType::Unavailable => {
            "The server cannot open a connection to its database, or the database answers nobody."
        }
        ProblemType::ReadOnly => {
            "The server reaches no database that takes writes: a standby is about to be promoted, or the database \
             was made read-only."
        }
        ProblemType::TimedOut => {
            "The database works, and needed more time than the request has: it is busy, or the case is very large."
        }
        ProblemType::OutOfResources => {
            "PostgreSQL refused the statement: its disk is full, its memory is used up, or it has as many \
             connections as it takes."
        }
        ProblemType::Busy => "Other requests held the same rows for too long.",
        ProblemType::NotMigrated => "The server is newer than the schema of its database.",
        ProblemType::OutcomeUnknown => {
            "The connection to the database was lost, or the time was up, while the write was on its way."
        }
        ProblemType::RateLimited => {
            "Each key has a number of reads and a number of writes a minute."
        }
        ProblemType::Overloaded => {
            "More requests are in flight than the server is set to take; it sheds load before it slows down."
        }
        ProblemType::Stopping => {
            "The server was told to stop, and lets go of its clients one after the other."
        }
        ProblemType::UnsupportedContentEncoding => "The body has a `Content-Encoding`.",
    }
}
