//! Checks the references of a template and resolves them to ids.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::request::TemplateDraft;
use super::store::{DefaultReferences, references};
use super::{Defaults, DefaultsDraft};
use crate::custom_properties::{self, Target};
use crate::http::{Parsed, Problem};
use crate::tags::TagIndex;
use crate::validation::{Code, Fault, Scope, quote};

/// The input of the transaction that creates or updates a template.
pub struct TemplateInput {
    pub workspace_id: Uuid,
    pub id: Uuid,
    pub request: Parsed<TemplateDraft>,
    pub now: DateTime<Utc>,
}

impl TemplateInput {
    /// Checks the request against the workspace. Returns its fields, and its defaults with resolved references.
    ///
    /// # Errors
    /// Returns [`Problem::Invalid`] with every error of the request, or a database error.
    pub async fn resolve(
        &self,
        connection: &mut PgConnection,
    ) -> Result<(TemplateDraft, Defaults), Problem> {
        let draft = self.request.value.clone();
        let mut violations = self.request.violations();
        let defaults = draft.defaults.clone().unwrap_or_default();
        let references = references(connection, self.workspace_id, &defaults).await?;
        // If a path was refused, the indexes of the others are no longer those of the request.
        if violations.is_empty() {
            let mut scope = Scope::root(&mut violations);
            let mut list = scope.key("required");
            for (index, path) in draft.required.iter().flatten().enumerate() {
                if let Err(fault) = path.check(&references.definitions) {
                    list.index(index).refuse(fault);
                }
            }
        }
        let mut scope = Scope::root(&mut violations);
        let mut scope = scope.key("defaults");
        let (sent, definitions) = (&defaults.custom_properties, &references.definitions);
        let checked = custom_properties::check(sent, Target::Case, definitions, &mut scope);
        let defaults = Defaults {
            tags: tags(&defaults, &references, &mut scope),
            assignee_id: assignee(&defaults, &references, &mut scope),
            custom_properties: custom_properties::values(checked),
        };
        self.request.refuse(violations)?;
        Ok((draft, defaults))
    }
}

fn tags(draft: &DefaultsDraft, references: &DefaultReferences, scope: &mut Scope<'_>) -> Vec<Uuid> {
    let tags = TagIndex::new(&references.tags);
    let (mut ids, mut seen) = (Vec::new(), HashSet::new());
    let mut array = scope.key("tags");
    for (index, sent) in draft.tags.iter().enumerate() {
        let Some(sent) = sent else { continue };
        match tags.find(sent) {
            Some(tag) if !seen.insert(tag.id) => {}
            Some(tag) => ids.push(tag.id),
            None => {
                let message = format!("This workspace has no tag {}.", quote(sent));
                let fault = Fault::new(Code::TagNotFound, message);
                array
                    .index(index)
                    .refuse(fault.with_candidates(sent, tags.labels()));
            }
        }
    }
    ids
}

fn assignee(
    draft: &DefaultsDraft,
    references: &DefaultReferences,
    scope: &mut Scope<'_>,
) -> Option<Uuid> {
    let id = draft.assignee_id?;
    let (code, what) = match &references.assignee {
        None => (Code::AssigneeNotFound, "does not exist in this workspace"),
        Some(user) if user.suspended => (Code::AssigneeSuspended, "is suspended"),
        Some(_) => return Some(id),
    };
    let message = format!("The user {id} {what}. Name an active user.");
    scope.key("assignee_id").refuse(Fault::new(code, message));
    None
}
