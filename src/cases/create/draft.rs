//! A parsed case, before its references are resolved.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::graph::Graph;
use crate::cases::fields::{TagReference, TemplateReference};
use crate::cases::model::Status;
use crate::cases::references::ReferenceKeys;
use crate::cases::review::Decision;
use crate::companies::CompanyDraft;
use crate::custom_properties::PropertyInputs;
use crate::individuals::IndividualDraft;
use crate::validation::Violations;
use crate::values::PlainText;

/// A parsed case, with the errors found so far. A refused field has a default value here: only [`CaseDraft::finish`]
/// makes a `Case` of a draft, and only if it has no errors.
#[derive(Debug)]
pub struct CaseDraft {
    pub name: Option<PlainText>,
    pub status: Status,
    pub external_id: Option<PlainText>,
    pub template: Option<TemplateReference>,
    pub assignee_id: Option<Uuid>,
    pub space_slug: Option<PlainText>,
    pub metadata: Vec<(PlainText, PlainText)>,
    pub custom_properties: PropertyInputs,
    pub tags: Vec<TagReference>,
    pub companies: Vec<CompanyDraft>,
    pub individuals: Vec<IndividualDraft>,
    pub graph: Graph,
    pub history: History,
    pub violations: Violations,
}

/// The history of a case in another system.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub created_at: Option<DateTime<Utc>>,
    /// Oldest first.
    pub decisions: Vec<Decision>,
}

impl CaseDraft {
    /// Whether no error was found so far.
    pub fn is_valid(&self) -> bool {
        self.violations.is_empty()
    }

    /// The keys of the references of the case.
    pub fn reference_keys(&self) -> ReferenceKeys {
        ReferenceKeys {
            external_id: self.external_id.clone(),
            ..ReferenceKeys::new(
                self.template.as_ref(),
                self.assignee_id,
                self.space_slug.clone(),
                &self.tags,
            )
        }
    }
}
