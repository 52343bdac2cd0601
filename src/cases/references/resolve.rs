//! Resolves the references of a request, or refuses them.

use std::collections::HashSet;

use uuid::Uuid;

use super::read::References;
use crate::cases::fields::{TagReference, TemplateReference};
use crate::tags::{Tag, TagIndex};
use crate::validation::{Code, Fault, Names, Scope, quote};

/// Refuses a template that the workspace does not have.
pub fn template(reference: &TemplateReference, references: &References, scope: &mut Scope<'_>) {
    if references.template.is_some() {
        return;
    }
    match reference {
        TemplateReference::Key(key) => {
            let message = if references.template_is_archived {
                format!("The template {} is archived. Choose another.", quote(key))
            } else {
                format!("This workspace has no template {}.", quote(key))
            };
            let mut fault = Fault::new(Code::TemplateNotFound, message);
            if !references.template_is_archived {
                fault = fault.with_candidates(
                    key,
                    references.template_keys.iter().cloned().collect::<Names>(),
                );
            }
            scope.key("template_key").refuse(fault);
        }
        TemplateReference::Id(id) => {
            let message = if references.template_is_archived {
                format!("The template {id} is archived. Choose another.")
            } else {
                format!("This workspace has no template with the id {id}.")
            };
            let fault = Fault::new(Code::TemplateNotFound, message);
            scope.key("template_id").refuse(fault);
        }
    }
}

/// Refuses an assignee who is not an active user of the workspace.
pub fn assignee(id: Uuid, references: &References, scope: &mut Scope<'_>) {
    let (code, state) = match &references.assignee {
        None => (Code::AssigneeNotFound, "does not exist in this workspace"),
        Some(user) if user.suspended => (Code::AssigneeSuspended, "is suspended"),
        Some(_) => return,
    };
    let message = format!("The user {id} {state}. Choose an active user.");
    scope.key("assignee_id").refuse(Fault::new(code, message));
}

/// Refuses a space that the workspace does not have.
pub fn space(slug: &str, references: &References, scope: &mut Scope<'_>) {
    if references.space_exists {
        return;
    }
    let message = format!("This workspace has no space {}.", quote(slug));
    let slugs: Names = references.space_slugs.iter().cloned().collect();
    let fault = Fault::new(Code::SpaceNotFound, message).with_candidates(slug, slugs);
    scope.key("space_slug").refuse(fault);
}

/// Finds the tags of a request by id or label. Returns each tag once. Refuses unknown tags.
pub fn tags(named: &[TagReference], references: &References, scope: &mut Scope<'_>) -> Vec<Tag> {
    if named.is_empty() {
        return Vec::new();
    }
    let tags = TagIndex::new(&references.tags);
    let mut resolved = Vec::new();
    let mut ids = HashSet::new();
    for reference in named {
        match tags.find(&reference.name) {
            Some(tag) if !ids.insert(tag.id) => {}
            Some(tag) => resolved.push(tag.clone()),
            None => scope.key("tags").index(reference.index).refuse_with(|| {
                let message = format!("This workspace has no tag {}.", quote(&reference.name));
                Fault::new(Code::TagNotFound, message)
                    .with_candidates(&reference.name, tags.labels())
            }),
        }
    }
    resolved
}
