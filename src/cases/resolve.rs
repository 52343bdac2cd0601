//! Holding what a request refers to against what the workspace has.

use uuid::Uuid;

use super::{Known, Reference, TemplateReference};
use crate::tags::Tag;
use crate::validation::{Code, Fault, Scope, nearest, quote};
use crate::values::TagLabel;

/// Refuses a template that the workspace does not have.
pub fn template(reference: &TemplateReference, known: &Known, scope: &mut Scope<'_>) {
    if known.template.is_some() {
        return;
    }
    match reference {
        TemplateReference::Key(key) => {
            let message = if known.template_is_archived {
                format!("The template {} is archived. Choose another.", quote(key))
            } else {
                format!("This workspace has no template {}.", quote(key))
            };
            let keys = known.template_keys.iter().map(String::as_str);
            let fault = Fault::new(Code::TemplateNotFound, message);
            let nearest = nearest(key, keys).filter(|_| !known.template_is_archived);
            let fault = fault.suggesting(nearest);
            scope.key("template_key").refuse(fault);
        }
        TemplateReference::Id(id) => {
            let message = if known.template_is_archived {
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
pub fn assignee(id: Uuid, known: &Known, scope: &mut Scope<'_>) {
    let (code, what) = match &known.assignee {
        None => (Code::AssigneeNotFound, "does not exist in this workspace"),
        Some(user) if user.suspended => (Code::AssigneeSuspended, "is suspended"),
        Some(_) => return,
    };
    let message = format!("The user {id} {what}. Name an active user.");
    scope.key("assignee_id").refuse(Fault::new(code, message));
}

/// Refuses a space that the workspace does not have.
pub fn space(slug: &str, known: &Known, scope: &mut Scope<'_>) {
    if known.space_exists {
        return;
    }
    let message = format!("This workspace has no space {}.", quote(slug));
    let slugs = known.space_slugs.iter().map(String::as_str);
    let fault = Fault::new(Code::SpaceNotFound, message).suggesting(nearest(slug, slugs));
    scope.key("space_slug").refuse(fault);
}

/// The tags that are named by id or label, each once; those that are unknown are refused.
pub fn tags(references: &[Reference], known: &Known, scope: &mut Scope<'_>) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for sent in references {
        // The other forms of a UUID are labels like any other.
        let is_id = sent.name.len() == 36;
        let id = is_id.then(|| Uuid::try_parse(&sent.name).ok()).flatten();
        let mut found = known.tags.iter();
        let found = found.find(|tag| Some(tag.id) == id || tag.label == sent.name);
        let in_other_case = || {
            let folded = TagLabel::fold(&sent.name);
            let mut known = known.tags.iter();
            known.find(|tag| TagLabel::fold(&tag.label) == folded)
        };
        match found.or_else(in_other_case) {
            Some(tag) if tags.contains(tag) => {}
            Some(tag) => tags.push(tag.clone()),
            None => scope.key("tags").index(sent.index).refuse_with(|| {
                let labels = known.tags.iter().map(|tag| tag.label.as_str());
                let message = format!("This workspace has no tag {}.", quote(&sent.name));
                Fault::new(Code::TagNotFound, message).suggesting(nearest(&sent.name, labels))
            }),
        }
    }
    tags
}
