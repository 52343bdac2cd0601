//! From the defaults of a request to those of a template: everything they refer to is there.

use std::collections::HashSet;

use sqlx::PgConnection;
use uuid::Uuid;

use super::store::{DefaultReferences, known};
use super::{Defaults, DefaultsDraft, Required};
use crate::custom_properties::{self, Target};
use crate::http::Problem;
use crate::tags::TagIndex;
use crate::validation::{Code, Fault, Scope, Violations, quote};

/// The defaults; what the workspace does not have is refused at its place below `defaults` or
/// `required`.
///
/// # Errors
/// Those of the database.
pub async fn resolve(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    draft: &DefaultsDraft,
    required: &[Required],
    violations: &mut Violations,
) -> Result<Defaults, Problem> {
    let known = known(connection, workspace_id, draft).await?;
    // Where a path was refused, the others do not have their places any more.
    if violations.is_empty() {
        let mut scope = Scope::root(violations);
        let mut list = scope.key("required");
        for (index, path) in required.iter().enumerate() {
            if let Err(fault) = path.check(&known.definitions) {
                list.index(index).refuse(fault);
            }
        }
    }
    let mut scope = Scope::root(violations);
    let mut scope = scope.key("defaults");
    let given = &draft.custom_properties;
    let checked = custom_properties::check(given, Target::Case, &known.definitions, &mut scope);
    Ok(Defaults {
        tags: tags(draft, &known, &mut scope),
        assignee_id: assignee(draft, &known, &mut scope),
        custom_properties: custom_properties::values(checked),
    })
}

fn tags(draft: &DefaultsDraft, known: &DefaultReferences, scope: &mut Scope<'_>) -> Vec<Uuid> {
    let tags = TagIndex::new(&known.tags);
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
                    .refuse(fault.suggesting(sent, tags.labels()));
            }
        }
    }
    ids
}

fn assignee(
    draft: &DefaultsDraft,
    known: &DefaultReferences,
    scope: &mut Scope<'_>,
) -> Option<Uuid> {
    let id = draft.assignee_id?;
    let (code, what) = match &known.assignee {
        None => (Code::AssigneeNotFound, "does not exist in this workspace"),
        Some(user) if user.suspended => (Code::AssigneeSuspended, "is suspended"),
        Some(_) => return Some(id),
    };
    let message = format!("The user {id} {what}. Name an active user.");
    scope.key("assignee_id").refuse(Fault::new(code, message));
    None
}
