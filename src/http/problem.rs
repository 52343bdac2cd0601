//! Problem documents (RFC 9457): every answer that is not a success.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ProblemType;
use super::problem_document::{ErrorLocation, ProblemDocument, ProblemError};
use crate::db::{DatabaseError, Retry};
use crate::validation::{Budget, Code, Fault, Malformed, Violation, Violations};

/// How many violations the message for people repeats.
const REPEATED: usize = 5;

/// Why a request has no success.
#[derive(Debug)]
pub enum Problem {
    /// One of the types that need no detail of their own.
    Plain(ProblemType),
    /// The body has more bytes than are taken.
    TooLarge { limit: usize },
    /// The body is not JSON.
    Malformed(Malformed),
    /// Everything that is wrong with the body, in its order.
    Invalid(Violations),
    /// Everything that is wrong with the parameters of the path, in their order.
    InvalidQuery(Violations),
    /// What is wrong with a header of the request.
    InvalidHeader(Box<Violation>),
    /// Another case of the workspace has the external id.
    ExternalIdTaken { case_id: Uuid },
    /// What the body refers to is not there, and nothing else is wrong.
    Missing(Box<Violation>),
    /// What the request asks for does not follow from what is there; the fault says why.
    Conflict(Box<Violation>),
    /// The database did not do its part.
    Database(DatabaseError),
    /// A stored value cannot be decoded.
    Decode(serde_json::Error),
    /// A value has no JSON form.
    Encode(serde_json::Error),
}

impl Problem {
    /// One fault that stands alone against what is there.
    pub fn conflict(pointer: &str, fault: Fault) -> Self {
        let pointer = pointer.to_owned();
        Self::Conflict(Box::new(Violation { pointer, fault }))
    }

    /// What is wrong with a header.
    pub fn header(name: &str, fault: Fault) -> Self {
        let pointer = name.to_owned();
        Self::InvalidHeader(Box::new(Violation { pointer, fault }))
    }
}

impl Retry for Problem {
    fn may_succeed_on_retry(&self) -> bool {
        // A key that is taken stays taken.
        matches!(self, Self::Database(error) if error.may_succeed_on_retry()
            && error.constraint() != Some("idempotency_keys_pkey"))
    }

    fn database_error(&self) -> Option<&DatabaseError> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for Problem {
    /// Of a statement inside a transaction, which is rolled back.
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Problem {
    /// Leaves itself to the edge, which knows the request id and logs.
    fn into_response(self) -> Response {
        let mut response = self.problem_type().parts().0.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl Problem {
    /// Its type: the one place where a fault becomes a status.
    pub fn problem_type(&self) -> ProblemType {
        match self {
            Self::Plain(kind) => *kind,
            Self::TooLarge { .. } => ProblemType::PayloadTooLarge,
            Self::Malformed(_) => ProblemType::MalformedBody,
            Self::Invalid(_) => ProblemType::InvalidParameters,
            Self::InvalidQuery(_) => ProblemType::InvalidParameters,
            Self::InvalidHeader(_) => ProblemType::InvalidParameters,
            Self::ExternalIdTaken { .. } => ProblemType::ExternalIdTaken,
            Self::Missing(_) => ProblemType::NotFound,
            Self::Conflict(_) => ProblemType::Conflict,
            Self::Decode(_) | Self::Encode(_) => ProblemType::InternalError,
            Self::Database(error) => match error {
                DatabaseError::Unavailable(_) => ProblemType::Unavailable,
                DatabaseError::Exhausted => ProblemType::Overloaded,
                DatabaseError::TimedOut(_) => ProblemType::TimedOut,
                DatabaseError::OutOfResources(_) => ProblemType::OutOfResources,
                DatabaseError::ReadOnly(_) => ProblemType::ReadOnly,
                DatabaseError::OutcomeUnknown(_) => ProblemType::OutcomeUnknown,
                DatabaseError::Locked(_) => ProblemType::Busy,
                error if error.is_schema_mismatch() => ProblemType::NotMigrated,
                DatabaseError::Refused(_) | DatabaseError::Ended(_) => ProblemType::InternalError,
            },
        }
    }

    /// What is logged of our own faults: the chain of causes, without what could hold a value of a
    /// request or of a row.
    pub fn cause(&self) -> Option<String> {
        let error: &dyn std::error::Error = match self {
            // The message of a panic may hold anything; its place was logged when it happened.
            Self::Database(error @ DatabaseError::Ended(_)) => return Some(error.to_string()),
            Self::Database(error) => error,
            // The message of serde_json quotes the value.
            Self::Decode(error) => {
                let class = error.classify();
                return Some(format!("a stored value cannot be decoded: {class:?}"));
            }
            Self::Encode(error) => {
                let class = error.classify();
                return Some(format!("a value cannot be encoded: {class:?}"));
            }
            _ => return None,
        };
        let mut causes = Vec::new();
        for error in std::iter::successors(Some(error), |error| error.source()) {
            // Its text, and that of what caused it, may quote a row.
            if let Some(error) = error.downcast_ref() {
                causes.push(class(error));
                break;
            }
            causes.push(error.to_string());
        }
        Some(causes.join(": "))
    }

    /// The document itself. Suggestions of names are looked for within the budget of the response.
    pub fn document(
        &self,
        request_id: &str,
        now: DateTime<Utc>,
        budget: &mut Budget,
    ) -> ProblemDocument {
        let kind = self.problem_type();
        let (listed, total): (&[Violation], _) = match self {
            Self::InvalidHeader(one) | Self::Missing(one) | Self::Conflict(one) => {
                (std::slice::from_ref(&**one), 1)
            }
            Self::Invalid(violations) | Self::InvalidQuery(violations) => {
                (violations.listed(), violations.total())
            }
            _ => (&[], 0),
        };
        let case_id = match self {
            Self::ExternalIdTaken { case_id } => Some(*case_id),
            _ => None,
        };
        let place = match self {
            Self::InvalidQuery(_) => ErrorLocation::Query,
            Self::InvalidHeader(_) => ErrorLocation::Header,
            _ => ErrorLocation::Body,
        };
        let detail = self.detail();
        let errors = listed.iter();
        let errors = errors.map(|it| ProblemError::new(place, it, budget));
        let mut errors: Vec<_> = errors.collect();
        let message = message(&detail, &errors, total);
        let whole = match kind {
            ProblemType::ExternalIdTaken => Some(("/external_id", Code::ExternalIdTaken)),
            ProblemType::OutcomeUnknown => Some(("", Code::OutcomeUnknown)),
            _ => None,
        };
        if let Some((pointer, code)) = whole {
            let mut fault = Fault::new(code, detail.clone());
            fault.case_id = case_id.map(|id| id.to_string());
            let pointer = pointer.to_owned();
            errors.push(ProblemError::new(
                ErrorLocation::Body,
                &Violation { pointer, fault },
                budget,
            ));
        }
        ProblemDocument::new(kind, (detail, message), errors, case_id, (request_id, now))
    }
}

impl Problem {
    /// What stands in `detail`: what is wrong, and what to do.
    fn detail(&self) -> String {
        let (_, _, title, remedy) = self.problem_type().parts();
        match self {
            Self::Malformed(malformed) => format!("{malformed}. Nothing was stored."),
            Self::InvalidHeader(_) => "1 problem found. Nothing was stored.".to_owned(),
            Self::Missing(_) => format!("{title}. Nothing was stored."),
            Self::Conflict(_) => {
                "This does not follow from what is there. Nothing was changed.".to_owned()
            }
            Self::Invalid(violations) | Self::InvalidQuery(violations) => counted(violations),
            Self::ExternalIdTaken { case_id } => {
                format!("The case {case_id} has this external_id. Nothing was stored.")
            }
            Self::TooLarge { limit } => {
                format!("{title}: at most {limit} bytes are taken. {remedy}")
            }
            Self::Plain(_) | Self::Database(_) | Self::Decode(_) | Self::Encode(_) => {
                format!("{title}. {remedy}")
            }
        }
    }
}

/// What kind of error of the database or its driver it is, without any value.
fn class(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => format!("SQLSTATE {}", error.code().unwrap_or_default()),
        sqlx::Error::Io(error) => format!("the connection failed: {}", error.kind()),
        sqlx::Error::Tls(_) => "the connection failed: TLS".to_owned(),
        sqlx::Error::Protocol(_) => "the connection failed: protocol".to_owned(),
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
            "the pool gave no connection".to_owned()
        }
        sqlx::Error::ColumnDecode { index, .. } => {
            format!("column {index} cannot be decoded")
        }
        sqlx::Error::Decode(_) => "a value cannot be decoded".to_owned(),
        sqlx::Error::Encode(_) => "a value cannot be encoded".to_owned(),
        sqlx::Error::RowNotFound => "a row is missing".to_owned(),
        _ => "the driver failed".to_owned(),
    }
}

fn counted(violations: &Violations) -> String {
    let total = violations.total();
    let noun = if total == 1 { "problem" } else { "problems" };
    let listed = violations.listed().len();
    let cut = if listed < total {
        format!(" The first {listed} are listed.")
    } else {
        String::new()
    };
    format!("{total} {noun} found. Nothing was stored.{cut}")
}

/// What stands alone, since existing clients show nothing else.
fn message(detail: &str, listed: &[ProblemError], total: usize) -> String {
    let mut message = detail.to_owned();
    for error in listed.iter().take(REPEATED) {
        let (place, wrong) = error.in_words();
        // The body itself has the empty pointer; a key of the caller's can be long.
        let place = match place {
            "" => String::new(),
            pointer => format!("{}: ", shortened(pointer)),
        };
        message.push_str(&format!(" {place}{wrong}"));
    }
    if total > REPEATED {
        message.push_str(&format!(" And {} more.", total - REPEATED));
    }
    message
}

/// The longest pointer that the message for people repeats, in characters.
const POINTER: usize = 120;

fn shortened(pointer: &str) -> String {
    match pointer.char_indices().nth(POINTER) {
        Some((end, _)) => format!("{}…", pointer.get(..end).unwrap_or_default()),
        None => pointer.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_is_logged_quotes_nothing() {
        let secret = "Ada Lovelace, FR7630006000011234567890189";
        let ended = tokio::spawn(async move { panic!("{secret}") }).await;
        let ended = Problem::Database(DatabaseError::Ended(ended.unwrap_err()));
        let corrupt = serde_json::from_value::<u32>(json!(secret)).unwrap_err();
        assert!(corrupt.to_string().contains(secret), "the reader quotes it");
        let source = Box::new(serde_json::from_value::<u32>(json!(secret)).unwrap_err());
        let index = "\"found!\"".to_owned();
        let column = sqlx::Error::ColumnDecode { index, source };
        let decode = sqlx::Error::Decode(secret.into());
        let [column, decode] = [column, decode].map(|it| DatabaseError::Refused(it).into());
        for problem in [ended, Problem::Decode(corrupt), column, decode] {
            let cause = problem.cause().unwrap();
            assert!(!cause.contains("Ada") && !cause.contains("FR76"), "{cause}");
        }
    }
}
