//! How a path names a case.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use uuid::Uuid;

use crate::http::{Problem, ProblemType, parameter, parameters};

/// A case as a path names it: by its id, or by its external id where no case has that id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseReference {
    id: Option<Uuid>,
    external_id: Option<String>,
}

impl CaseReference {
    /// What the text of a path names. No external id has U+0000, which the database cannot hold.
    ///
    /// # Errors
    /// 404 for a text that can name nothing.
    pub fn parse(text: String) -> Result<Self, Problem> {
        if text.contains('\0') {
            return Err(Problem::Plain(ProblemType::NotFound));
        }
        Ok(Self {
            // Other forms of a UUID can be somebody's external ids.
            id: crate::values::uuid(&text).ok(),
            external_id: Some(text),
        })
    }

    /// A case by its id alone.
    pub fn by_id(id: Uuid) -> Self {
        Self {
            id: Some(id),
            external_id: None,
        }
    }

    /// The id, if the text is one.
    pub fn id(&self) -> Option<Uuid> {
        self.id
    }

    /// The text as an external id, where it can be one.
    pub fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    /// The text as an external id, for a write: what has the form of an id is an id alone, so that a
    /// repeated deletion never reaches another case.
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
        let about = "The case: its id, or its external id where no case has that id.";
        let schema = parameters::text(None, "acme-001");
        vec![parameters::path("case", about, schema)]
    }
}
