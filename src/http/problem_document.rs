//! The wire form of a problem document (RFC 9457).

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ProblemType;
use crate::metrics::Metrics;
use crate::validation::{Budget, Code, Violation};
use crate::values::Timestamp;

/// Where the place of an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorLocation {
    Body,
    Query,
    Header,
}

/// Why a request has no success (RFC 9457). Programs read `type`, and `code` and the place of each
/// error, which never change their meaning; people read `message`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// The type of the problem: a path below `/problems/`, whose page says what to do.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/problems/invalid-parameters")]
    pub kind: String,
    /// The type in words.
    #[schema(example = "The request has invalid parameters")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 400)]
    pub status: u16,
    /// What is wrong, and what became of the request.
    #[schema(example = "1 problem found. Nothing was stored.")]
    pub detail: String,
    /// The request, by its id.
    #[schema(example = "urn:request:01a20c61-ea39-74ab-b086-7426e867c8a9")]
    instance: String,
    /// Everything that is wrong, in the order of the body; up to 200.
    pub errors: Vec<ProblemError>,
    /// The status again, for older clients.
    #[schema(example = 400)]
    status_code: u16,
    /// The name of the status, for older clients.
    #[schema(example = "BAD_REQUEST")]
    code: String,
    /// `detail` and the first errors in one text, for older clients.
    message: String,
    /// When it was answered.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// The case that has the external id already; of `/problems/external-id-taken` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<Uuid>,
}

/// One thing that is wrong: at a place of the body (`pointer`), a parameter of the query, or a header.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemError {
    /// The place in the body (RFC 6901); `""` is the body itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "json-pointer", example = "/companies/0/country")]
    pointer: Option<String>,
    /// The parameter of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// The header.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// What is wrong, for programs.
    #[schema(value_type = Codes)]
    code: &'static str,
    /// What is wrong, what was found, what to do.
    #[schema(
        example = "\"UK\" is not a country code of ISO 3166-1 alpha-2, such as FR or GB. Did you mean GB?"
    )]
    message: String,
    /// The one candidate that is clearly nearest to what was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "GB")]
    suggestion: Option<String>,
    /// What could stand there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    allowed: Vec<String>,
    /// The case that has the external id already.
    #[serde(skip_serializing_if = "Option::is_none")]
    case_id: Option<String>,
}

/// The codes of errors, for the reference.
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
    /// The error that a violation is; its suggestion costs something of the budget.
    pub fn new(place: ErrorLocation, violation: &Violation, budget: &mut Budget) -> Self {
        let fault = &violation.fault;
        let explained = fault.explain(budget);
        let at = |here: ErrorLocation| (place == here).then(|| violation.pointer.clone());
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

    /// Where it is: a pointer, or the name of a parameter or a header; and what is wrong.
    pub(super) fn in_words(&self) -> (&str, &str) {
        let place = self.pointer.as_deref();
        let place = place.or(self.parameter.as_deref());
        let place = place.or(self.header.as_deref());
        (place.unwrap_or_default(), &self.message)
    }
}

impl ProblemDocument {
    /// Counts what is wrong, by its codes.
    pub fn count(&self, metrics: &Metrics) {
        for error in &self.errors {
            metrics.count_violation(error.code);
        }
    }

    /// A document of a type.
    pub fn new(
        kind: ProblemType,
        (detail, message): (String, String),
        errors: Vec<ProblemError>,
        case_id: Option<Uuid>,
        (request_id, now): (&str, DateTime<Utc>),
    ) -> Self {
        let (status, name, title, _) = kind.parts();
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

/// `BAD_REQUEST` and the like.
fn status_name(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    reason.to_uppercase().replace(' ', "_")
}
