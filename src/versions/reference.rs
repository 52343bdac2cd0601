//! The case in a path.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use uuid::Uuid;

use crate::http::{Problem, ProblemType, parameter, parameters};

/// The case in a path: its id, or its external id if no case has that id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseReference {
    id: Option<Uuid>,
    external_id: Option<String>,
}

impl CaseReference {
    /// Parses a path segment.
    ///
    /// # Errors
    /// Returns `NotFound` (404) for a segment with U+0000, which no external id has and PostgreSQL cannot store.
    pub fn parse(text: String) -> Result<Self, Problem> {
        if text.contains('\0') {
            return Err(Problem::Plain(ProblemType::NotFound));
        }
        Ok(Self {
            // Other forms of a UUID may be external ids.
            id: crate::values::uuid(&text).ok(),
            external_id: Some(text),
        })
    }

    /// Creates a reference by id only.
    pub fn by_id(id: Uuid) -> Self {
        Self {
            id: Some(id),
            external_id: None,
        }
    }

    /// Returns the id, if the segment is one.
    pub fn id(&self) -> Option<Uuid> {
        self.id
    }

    /// Returns the segment as an external id.
    pub fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    /// Returns the segment as an external id for a write. A segment in the form of an id is only an id, so that a
    /// repeated deletion never deletes another case.
    pub fn external_id_for_write(&self) -> Option<&str> {
        self.external_id().filter(|_| self.id.is_none())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CaseReference {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Self::parse(parameter(parts, state, "case").await?)
    }
}

impl IntoParams for CaseReference {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "The id of the case, or its external id if no case has that id.";
        let schema = parameters::string(None, "acme-001");
        vec![parameters::path("case", about, schema)]
    }
}
