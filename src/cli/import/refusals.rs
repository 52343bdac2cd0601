//! Refusals that the import makes itself, in the form of a server's.

use serde_json::Value;

use super::lines::{Line, State, missing_external_id, too_long};
use super::outcome::Refusal;
use crate::http::{ErrorLocation, ProblemError};
use crate::validation::{Budget, Violation};

/// The refusal of a line that cannot be sent.
pub fn unsendable(line: &Line) -> Refusal {
    let (status, kind, detail) = match &line.state {
        State::Malformed(malformed) => (
            400,
            "/problems/malformed-body",
            format!("{malformed}. Nothing was stored."),
        ),
        State::TooLong => (413, "/problems/payload-too-large", too_long()),
        State::Complete | State::WithoutExternalId => {
            (400, "/problems/payload-too-large", too_long())
        }
    };
    Refusal {
        status,
        kind: Some(kind.to_owned()),
        title: None,
        detail: Some(detail),
        errors: Vec::new(),
    }
}

/// Adds the missing external id to the errors that the server has found in a dry run of the line. `refusal` has the
/// status 200 if the server found none.
pub fn without_external_id(refusal: Refusal) -> Refusal {
    let mut refusal = match refusal.status {
        200 => Refusal {
            status: 400,
            kind: Some("/problems/invalid-parameters".to_owned()),
            title: None,
            detail: Some("1 problem found. Nothing was stored.".to_owned()),
            errors: Vec::new(),
        },
        _ => refusal,
    };
    let violation = Violation {
        pointer: "/external_id".to_owned(),
        fault: missing_external_id(),
    };
    let error = ProblemError::new(ErrorLocation::Body, &violation, &mut Budget::default());
    let error = serde_json::to_value(error).unwrap_or(Value::Null);
    refusal.errors.insert(0, error);
    refusal
}
