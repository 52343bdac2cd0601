//! What the work of a transaction has to show for itself.

use uuid::Uuid;

use crate::events::Change;
use crate::http::Answer;

/// The answer of a write, and what changed.
#[derive(Debug, Clone)]
pub struct Done {
    pub answer: Answer,
    pub changes: Vec<Change>,
    /// The case whose data the answer shows, where nothing of it changed.
    pub shown: Option<Uuid>,
    /// What is kept for a repeated request, where that is not the whole answer.
    pub kept: Option<Answer>,
}

impl From<Answer> for Done {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            changes: Vec::new(),
            shown: None,
            kept: None,
        }
    }
}

impl Done {
    /// The same, with one more change.
    #[must_use]
    pub fn changing(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// The same, of whose answer a case is the subject.
    #[must_use]
    pub fn showing(mut self, case_id: Uuid) -> Self {
        self.shown = Some(case_id);
        self
    }

    /// The same, of whose answer only this much may be kept.
    #[must_use]
    pub fn keeping(mut self, kept: Answer) -> Self {
        self.kept = Some(kept);
        self
    }
}
