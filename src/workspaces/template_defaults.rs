//! Holding the defaults of a file's templates against what the workspace will have. Pure.

use super::Rows;
use super::rows::TemplateRow;
use crate::custom_properties::{self, Definition, Target};
use crate::templates::{Defaults, DefaultsDraft};
use crate::validation::{Code, Fault, Scope, Violations, nearest, quote};
use crate::values::TagLabel;

/// The templates with their defaults, and what these name in vain. `new` is written over `there`.
pub fn with_defaults(
    templates: Vec<TemplateRow>,
    new: &Rows,
    there: &Rows,
) -> (Vec<TemplateRow>, Vec<String>) {
    let mut conflicts = Vec::new();
    let resolved = templates.into_iter().map(|mut template| {
        let mut violations = Violations::default();
        let draft = std::mem::take(&mut template.draft);
        template.defaults = resolve(&draft, new, there, &mut Scope::root(&mut violations));
        conflicts.extend(violations.kept().iter().map(|it| {
            let (key, pointer) = (&template.key, &it.pointer);
            format!(
                "The template {key}, /defaults{pointer}: {}",
                it.fault.message
            )
        }));
        template
    });
    let resolved = resolved.collect();
    (resolved, conflicts)
}

fn resolve(draft: &DefaultsDraft, new: &Rows, there: &Rows, scope: &mut Scope<'_>) -> Defaults {
    let tags = || new.tags.iter().chain(&there.tags);
    let mut ids = Vec::new();
    for (index, sent) in draft.tags.iter().enumerate() {
        let Some(sent) = sent else { continue };
        let folded = TagLabel::fold(sent);
        let is_meant =
            |id: Option<uuid::Uuid>| id.is_some_and(|id| id.to_string() == folded.as_str());
        let found = tags().find(|tag| tag.folded_label == folded.as_str() || is_meant(tag.id));
        match found.and_then(|tag| tag.id) {
            Some(id) if ids.contains(&id) => {}
            Some(id) => ids.push(id),
            None => {
                let message = format!("This workspace has no tag {}.", quote(sent));
                let nearest = nearest(sent, tags().map(|tag| tag.label.as_str()));
                let fault = Fault::new(Code::TagNotFound, message).suggesting(nearest);
                scope.key("tags").index(index).refuse(fault);
            }
        }
    }
    let mut users = new.users.iter().chain(&there.users);
    let assignee = draft
        .assignee_id
        .map(|id| (id, users.find(|it| it.id == Some(id))));
    match assignee {
        Some((_, Some(user))) if !user.suspended => {}
        Some((id, _)) => {
            let message = format!("The user {id} is no active user of this workspace.");
            let fault = Fault::new(Code::AssigneeNotFound, message);
            scope.key("assignee_id").refuse(fault);
        }
        None => {}
    }
    let definitions = definitions(new, there);
    let given = &draft.custom_properties;
    let checked = custom_properties::check(given, Target::Case, &definitions, scope);
    Defaults {
        tags: ids,
        assignee_id: draft.assignee_id,
        custom_properties: custom_properties::values(checked),
    }
}

/// The new definitions come first, so that they are found first.
fn definitions(new: &Rows, there: &Rows) -> Vec<Definition> {
    let rows = new.custom_properties.iter().chain(&there.custom_properties);
    rows.map(|row| Definition {
        target: row.target,
        key: row.key.clone(),
        kind: row.kind,
        settings: row.settings.clone(),
        archived: row.archived,
        options: row.options.iter().map(|it| it.key.clone()).collect(),
    })
    .collect()
}
