//! What the work of a transaction has to show for itself.

use crate::events::Change;
use crate::http::Answer;

/// The answer of a write, and what changed.
#[derive(Debug, Clone)]
pub struct Done {
    pub answer: Answer,
    pub changes: Vec<Change>,
    /// What is kept for a repeated request, where that is not the whole answer.
    pub kept: Option<Answer>,
}

impl From<Answer> for Done {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            changes: Vec::new(),
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

    /// The same, of whose answer only this much may be kept.
    #[must_use]
    pub fn keeping(mut self, kept: Answer) -> Self {
        self.kept = Some(kept);
        self
    }
}
