//! The result of a transaction.

use uuid::Uuid;

use crate::events::Change;
use crate::http::WriteResponse;

/// The response of a write and its changes.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub response: WriteResponse,
    pub changes: Vec<Change>,
    /// The case whose data is in the response, if `changes` is empty.
    pub subject: Option<Uuid>,
    /// The response for a repeated request, if it must differ from `response`.
    pub stored_response: Option<WriteResponse>,
    /// The version of the references with which the write was checked, if it depends on them.
    pub reference_version: Option<Uuid>,
}

impl From<WriteResponse> for Outcome {
    fn from(response: WriteResponse) -> Self {
        Self {
            response,
            changes: Vec::new(),
            subject: None,
            stored_response: None,
            reference_version: None,
        }
    }
}

impl Outcome {
    /// Adds a change.
    #[must_use]
    pub fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// Sets the case whose data is in the response.
    #[must_use]
    pub fn subject(mut self, case_id: Uuid) -> Self {
        self.subject = Some(case_id);
        self
    }

    /// Sets the version of the references with which the write was checked, if the request depends on them. If it is no
    /// longer the current one just before the commit, the transaction runs again.
    #[must_use]
    pub fn checked_with(mut self, reference_version: Option<Uuid>) -> Self {
        self.reference_version = reference_version;
        self
    }

    /// Sets the response that is stored for a repeated request.
    #[must_use]
    pub fn stored_response(mut self, response: WriteResponse) -> Self {
        self.stored_response = Some(response);
        self
    }
}
