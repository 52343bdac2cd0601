//! Resolves the defaults of templates against the rows that the workspace will have. Pure.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::Rows;
use super::rows::{TagRow, TemplateRow};
use crate::custom_properties::{self, Definition, Definitions, Target};
use crate::tags::TagIndex;
use crate::templates::{Defaults, DefaultsDraft};
use crate::validation::{Budget, Code, Fault, Scope, Violations, quote};

/// Returns the templates with resolved defaults, and a message for each value that does not exist. `new` rows replace
/// `stored` ones.
pub fn with_defaults(
    templates: Vec<TemplateRow>,
    new: &Rows,
    stored: &Rows,
) -> (Vec<TemplateRow>, Vec<String>) {
    let (mut conflicts, mut budget) = (Vec::new(), Budget::default());
    let tags = new.tags.iter().chain(&stored.tags);
    let references = References {
        tags: TagIndex::from_entries(tags.map(|tag| (tag, tag.id, tag.label.as_str()))),
        users: users(new, stored),
        definitions: definitions(new, stored),
    };
    let resolved = templates.into_iter().map(|mut template| {
        let mut violations = Violations::default();
        let draft = std::mem::take(&mut template.draft);
        template.defaults = resolve(&draft, &references, &mut Scope::root(&mut violations));
        conflicts.extend(violations.recorded().iter().map(|it| {
            let (key, pointer) = (&template.key, &it.pointer);
            let message = it.fault.explain(&mut budget).message;
            format!("The template {key}, /defaults{pointer}: {message}")
        }));
        template
    });
    let resolved = resolved.collect();
    (resolved, conflicts)
}

/// The rows of the workspace that templates can refer to.
struct References<'r> {
    tags: TagIndex<'r, TagRow>,
    /// Whether each user is suspended, by id.
    users: HashMap<Uuid, bool>,
    definitions: Definitions,
}

/// New users come last, so that they replace stored ones.
fn users(new: &Rows, stored: &Rows) -> HashMap<Uuid, bool> {
    let users = stored.users.iter().chain(&new.users);
    let users = users.filter_map(|user| Some((user.id?, user.suspended)));
    users.collect()
}

fn resolve(draft: &DefaultsDraft, known: &References<'_>, scope: &mut Scope<'_>) -> Defaults {
    let (mut ids, mut seen) = (Vec::new(), HashSet::new());
    for (index, sent) in draft.tags.iter().enumerate() {
        let Some(sent) = sent else { continue };
        match known.tags.find(sent).and_then(|tag| tag.id) {
            Some(id) if !seen.insert(id) => {}
            Some(id) => ids.push(id),
            None => {
                let message = format!("This workspace has no tag {}.", quote(sent));
                let fault = Fault::new(Code::TagNotFound, message);
                let fault = fault.with_candidates(sent, known.tags.labels());
                scope.key("tags").index(index).refuse(fault);
            }
        }
    }
    match draft.assignee_id {
        Some(id) if known.users.get(&id) == Some(&false) => {}
        Some(id) => {
            let message = format!("The user {id} is not an active user of this workspace.");
            let fault = Fault::new(Code::AssigneeNotFound, message);
            scope.key("assignee_id").refuse(fault);
        }
        None => {}
    }
    let given = &draft.custom_properties;
    let checked = custom_properties::check(given, Target::Case, &known.definitions, scope);
    Defaults {
        tags: ids,
        assignee_id: draft.assignee_id,
        custom_properties: custom_properties::values(checked),
    }
}

/// New definitions come first, so that they are found first.
fn definitions(new: &Rows, stored: &Rows) -> Definitions {
    let rows = new
        .custom_properties
        .iter()
        .chain(&stored.custom_properties);
    let all = rows.map(|row| Definition {
        target: row.target,
        key: row.key.clone(),
        kind: row.kind,
        settings: row.settings.clone(),
        archived: row.archived,
        options: row.options.iter().map(|it| it.key.clone()).collect(),
    });
    all.collect::<Vec<_>>().into()
}
