//! An example of each type of problem.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::cases::{CaseDraft, CaseRequest};
use crate::http::{Problem, ProblemDocument, ProblemType};
use crate::validation::{Budget, Code, Fault, Mode, read};

/// The request id of the examples.
const REQUEST: &str = "01a20c61-ea39-74ab-b086-7426e867c8a9";
const CASE: Uuid = Uuid::from_u128(0x01a2_0c61_ea39_74ab_b086_7426_e867_c8a0);
/// A body with three errors.
const FAULTY: &str = r#"{"nmae": "Acme", "companies": [{"name": "Acme SAS", "country": "UK"}]}"#;

/// A problem document of this type.
pub fn example(kind: ProblemType) -> ProblemDocument {
    let now = DateTime::<Utc>::from_timestamp_millis(1_795_582_925_699).unwrap_or_default();
    let problem = match kind {
        ProblemType::InvalidParameters => match read(FAULTY.as_bytes()) {
            Ok(body) => Problem::Invalid(CaseDraft::parse(body, Mode::Create, now).violations),
            Err(malformed) => Problem::Malformed(malformed),
        },
        ProblemType::MalformedBody => match read::<CaseRequest<'_>>(br#"{"name": "Acme",}"#) {
            Err(malformed) => Problem::Malformed(malformed),
            Ok(_) => Problem::Plain(kind),
        },
        ProblemType::ExternalIdTaken => Problem::ExternalIdTaken { case_id: CASE },
        ProblemType::Conflict => {
            let message =
                "A draft cannot be reviewed. Open it first: PATCH the case with status open.";
            Problem::conflict("/status", Fault::new(Code::StatusTransition, message))
        }
        ProblemType::PayloadTooLarge => Problem::TooLarge {
            limit: 2 * 1024 * 1024,
        },
        kind => Problem::Plain(kind),
    };
    problem.document(REQUEST, now, &mut Budget::default())
}
