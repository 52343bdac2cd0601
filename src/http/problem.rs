//! Problems: every response that is not a success.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::problem_document::{ErrorLocation, ProblemDocument, ProblemError};
use super::problem_type::{ProblemParts, ProblemType};
use crate::db::{DatabaseError, Retry};
use crate::validation::{Budget, Code, Fault, Malformed, Violation, Violations};

/// Maximum number of violations in `message`.
const MAX_IN_MESSAGE: usize = 5;

/// The reason why a request failed.
#[derive(Debug)]
pub enum Problem {
    /// A type without further details.
    Plain(ProblemType),
    /// The body has more than `limit` bytes.
    TooLarge { limit: usize },
    /// The body is not JSON.
    Malformed(Malformed),
    /// All errors of the body, in its order.
    Invalid(Violations),
    /// All errors of the query, in its order.
    InvalidQuery(Violations),
    /// An error of a request header.
    InvalidHeader(Box<Violation>),
    /// Another case of the workspace has the external id.
    ExternalIdTaken { case_id: Uuid },
    /// The body refers to something that does not exist. It has no other error.
    Missing(Box<Violation>),
    /// The request conflicts with the current state.
    Conflict(Box<Violation>),
    /// The database failed.
    Database(DatabaseError),
    /// A stored value cannot be decoded.
    Decode(serde_json::Error),
    /// A value has no JSON form.
    Encode(serde_json::Error),
}

impl Problem {
    /// A conflict with the current state.
    pub fn conflict(pointer: &str, fault: Fault) -> Self {
        let pointer = pointer.to_owned();
        Self::Conflict(Box::new(Violation { pointer, fault }))
    }

    /// An error of a request header.
    pub fn header(name: &str, fault: Fault) -> Self {
        let pointer = name.to_owned();
        Self::InvalidHeader(Box::new(Violation { pointer, fault }))
    }
}

impl Retry for Problem {
    fn may_succeed_on_retry(&self) -> bool {
        match self {
            // The references of the workspace changed between the read and the commit.
            Self::Plain(ProblemType::Busy) => true,
            // An idempotency key that is taken stays taken.
            Self::Database(error) => {
                error.may_succeed_on_retry() && error.constraint() != Some("idempotency_keys_pkey")
            }
            _ => false,
        }
    }

    fn database_error(&self) -> Option<&DatabaseError> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for Problem {
    /// Converts the error of a statement in a transaction, which is rolled back.
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
    /// Attaches the problem to an empty response. The edge renders and logs it with the request id.
    fn into_response(self) -> Response {
        let mut response = self.problem_type().parts().status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl Problem {
    /// The type, which determines the status.
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

    /// The chain of causes to log if it is an error of the server or the database. Contains no value of a request or a
    /// row.
    pub fn cause(&self) -> Option<String> {
        let error: &dyn std::error::Error = match self {
            // The message of a panic can contain any value. Its location was logged when it happened.
            Self::Database(error @ DatabaseError::Ended(_)) => return Some(error.to_string()),
            Self::Database(error) => error,
            // The messages of serde_json quote the value.
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
            // The messages of this error and its causes can quote a row.
            if let Some(error) = error.downcast_ref() {
                causes.push(class(error));
                break;
            }
            causes.push(error.to_string());
        }
        Some(causes.join(": "))
    }

    /// Builds the document. Searches for suggestions within the budget of the response.
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
        let location = match self {
            Self::InvalidQuery(_) => ErrorLocation::Query,
            Self::InvalidHeader(_) => ErrorLocation::Header,
            _ => ErrorLocation::Body,
        };
        let detail = self.detail();
        let errors = listed.iter();
        let errors = errors.map(|it| ProblemError::new(location, it, budget));
        let mut errors: Vec<_> = errors.collect();
        let message = message(&detail, &errors, total);
        let own_error = match kind {
            ProblemType::ExternalIdTaken => Some(("/external_id", Code::ExternalIdTaken)),
            ProblemType::OutcomeUnknown => Some(("", Code::OutcomeUnknown)),
            _ => None,
        };
        if let Some((pointer, code)) = own_error {
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
    /// The `detail`: the error, and what to do.
    fn detail(&self) -> String {
        let ProblemParts { title, remedy, .. } = self.problem_type().parts();
        match self {
            Self::Malformed(malformed) => format!("{malformed}. Nothing was stored."),
            Self::InvalidHeader(_) => "1 problem found. Nothing was stored.".to_owned(),
            Self::Missing(_) => format!("{title}. Nothing was stored."),
            Self::Conflict(_) => {
                "The request conflicts with the current state. Nothing was changed.".to_owned()
            }
            Self::Invalid(violations) | Self::InvalidQuery(violations) => counted(violations),
            Self::ExternalIdTaken { case_id } => {
                format!("The case {case_id} has this external_id. Nothing was stored.")
            }
            Self::TooLarge { limit } => {
                format!("{title}: the limit is {limit} bytes. {remedy}")
            }
            Self::Plain(_) | Self::Database(_) | Self::Decode(_) | Self::Encode(_) => {
                format!("{title}. {remedy}")
            }
        }
    }
}

/// The kind of an error of the database or its driver, without any value.
fn class(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => format!("SQLSTATE {}", error.code().unwrap_or_default()),
        sqlx::Error::Io(error) => format!("the connection failed: {}", error.kind()),
        sqlx::Error::Tls(_) => "the connection failed: TLS".to_owned(),
        sqlx::Error::Protocol(_) => "the connection failed: protocol".to_owned(),
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
            "the pool has no free connection".to_owned()
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

/// The `message`, which existing clients show alone.
fn message(detail: &str, listed: &[ProblemError], total: usize) -> String {
    let mut message = detail.to_owned();
    for error in listed.iter().take(MAX_IN_MESSAGE) {
        let (location, text) = error.location_and_message();
        // The pointer of the body is empty. A key of the client can be long.
        let location = match location {
            "" => String::new(),
            pointer => format!("{}: ", shortened(pointer)),
        };
        message.push_str(&format!(" {location}{text}"));
    }
    if total > MAX_IN_MESSAGE {
        message.push_str(&format!(" And {} more.", total - MAX_IN_MESSAGE));
    }
    message
}

/// Maximum length of a pointer in `message`, in characters.
const MAX_POINTER: usize = 120;

fn shortened(pointer: &str) -> String {
    match pointer.char_indices().nth(MAX_POINTER) {
        Some((end, _)) => format!("{}…", pointer.get(..end).unwrap_or_default()),
        None => pointer.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn logs_no_values() {
        let secret = "Ada Lovelace, FR7630006000011234567890189";
        let ended = tokio::spawn(async move { panic!("{secret}") }).await;
        let ended = Problem::Database(DatabaseError::Ended(ended.unwrap_err()));
        let corrupt = serde_json::from_value::<u32>(json!(secret)).unwrap_err();
        assert!(
            corrupt.to_string().contains(secret),
            "serde_json quotes the value"
        );
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
