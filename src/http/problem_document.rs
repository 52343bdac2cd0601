//! Problem documents (RFC 9457).

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::problem_type::{ProblemParts, ProblemType};
use crate::metrics::Metrics;
use crate::validation::{Budget, Code, Violation};
use crate::values::Timestamp;

/// The part of a request in which an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorLocation {
    Body,
    Query,
    Header,
}

/// The reason why a request failed (RFC 9457). Programs use `type`, and the `code` and location of each error, which
/// never change their meaning. People read `message`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// The type: a path under `/problems/`, whose page describes cause and remedy.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/problems/invalid-parameters")]
    pub kind: String,
    /// The condition, in words.
    #[schema(example = "The request has invalid parameters")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// The error, and what to do.
    #[schema(example = "1 problem found. Nothing was stored.")]
    pub detail: String,
    /// The request id.
    #[schema(example = "urn:request:01a20c61-ea39-74ab-b086-7426e867c8a9")]
    instance: String,
    /// All errors, in the order of the request, at most 200.
    pub errors: Vec<ProblemError>,
    /// Same as `status`, for older clients.
    #[schema(example = 400)]
    status_code: u16,
    /// The name of the status, for older clients.
    #[schema(example = "BAD_REQUEST")]
    code: String,
    /// `detail` and the first errors in one string, for older clients.
    message: String,
    /// The time of the response.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// The id of the case that has the external id. Only in `/problems/external-id-taken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<Uuid>,
}

/// One error. Its location is a `pointer` into the body, a query `parameter`, or a `header`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemError {
    /// JSON Pointer into the body (RFC 6901). `""` is the body itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "json-pointer", example = "/companies/0/country")]
    pointer: Option<String>,
    /// Name of the query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// Name of the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// The error, for programs.
    #[schema(value_type = Codes)]
    code: &'static str,
    /// The error, the value that was found, and what to do.
    #[schema(
        example = "\"UK\" is not a country code of ISO 3166-1 alpha-2, such as FR or GB. Did you mean GB?"
    )]
    message: String,
    /// The valid value that is clearly nearest to the one that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "GB")]
    suggestion: Option<String>,
    /// The valid values, at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    allowed: Vec<String>,
    /// The id of the case that has the external id.
    #[serde(skip_serializing_if = "Option::is_none")]
    case_id: Option<String>,
}

/// The error codes, for the API reference.
struct Codes;

impl utoipa::PartialSchema for Codes {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let mut schema = utoipa::openapi::Object::with_type(utoipa::openapi::Type::String);
        schema.enum_values = Some(Code::NAMES.iter().map(|it| (*it).into()).collect());
        utoipa::openapi::RefOr::T(schema.into())
    }
}

impl ToSchema for Codes {}

impl ProblemError {
    /// Converts a violation. Searches for its suggestion within the budget.
    pub fn new(location: ErrorLocation, violation: &Violation, budget: &mut Budget) -> Self {
        let fault = &violation.fault;
        let explained = fault.explain(budget);
        let at = |it: ErrorLocation| (location == it).then(|| violation.pointer.clone());
        Self {
            pointer: at(ErrorLocation::Body),
            parameter: at(ErrorLocation::Query),
            header: at(ErrorLocation::Header),
            code: fault.code.as_str(),
            message: explained.message,
            suggestion: explained.suggestion,
            allowed: explained.allowed,
            case_id: fault.case_id.clone(),
        }
    }

    /// The pointer, or the name of the parameter or header; and the message.
    pub(super) fn location_and_message(&self) -> (&str, &str) {
        let location = self.pointer.as_deref();
        let location = location.or(self.parameter.as_deref());
        let location = location.or(self.header.as_deref());
        (location.unwrap_or_default(), &self.message)
    }
}

impl ProblemDocument {
    /// Counts the errors by code.
    pub fn count(&self, metrics: &Metrics) {
        for error in &self.errors {
            metrics.count_violation(error.code);
        }
    }

    /// Creates a document.
    pub fn new(
        kind: ProblemType,
        (detail, message): (String, String),
        errors: Vec<ProblemError>,
        case_id: Option<Uuid>,
        (request_id, now): (&str, DateTime<Utc>),
    ) -> Self {
        let ProblemParts {
            status,
            name,
            title,
            ..
        } = kind.parts();
        Self {
            kind: format!("/problems/{name}"),
            title,
            status: status.as_u16(),
            detail,
            instance: format!("urn:request:{request_id}"),
            errors,
            status_code: status.as_u16(),
            code: status_name(status),
            message,
            timestamp: now.into(),
            case_id,
        }
    }
}

/// The name of a status, such as `BAD_REQUEST`.
fn status_name(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    reason.to_uppercase().replace(' ', "_")
}
