//! What the work of a transaction has to show for itself.

use uuid::Uuid;

use crate::events::Change;
use crate::http::WriteResponse;

/// The answer of a write, and what changed.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub response: WriteResponse,
    pub changes: Vec<Change>,
    /// The case whose data the answer shows, where nothing of it changed.
    pub subject: Option<Uuid>,
    /// What is kept for a repeated request, where that is not the whole answer.
    pub stored_response: Option<WriteResponse>,
}

impl From<WriteResponse> for Outcome {
    fn from(response: WriteResponse) -> Self {
        Self {
            response,
            changes: Vec::new(),
            subject: None,
            stored_response: None,
        }
    }
}

impl Outcome {
    /// The same, with one more change.
    #[must_use]
    pub fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// The same, of whose answer a case is the subject.
    #[must_use]
    pub fn subject(mut self, case_id: Uuid) -> Self {
        self.subject = Some(case_id);
        self
    }

    /// The same, of whose answer only this much may be kept.
    #[must_use]
    pub fn stored_response(mut self, response: WriteResponse) -> Self {
        self.stored_response = Some(response);
        self
    }
}
