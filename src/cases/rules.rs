//! What a template does to a case: it fills what is not said, and requires what must be there.

use std::collections::HashSet;

use super::{Case, CaseDraft, References, TemplateReference};
use crate::custom_properties::{Definition, InputValue, Properties, Target};
use crate::tags::Tag;
use crate::templates::{RequiredPath, TemplateRules};
use crate::users::User;
use crate::validation::{Code, Fault, Scope, Violations};

/// Fills what the request does not say with the template's defaults. A fault that comes from a
/// default stands where the request names the template.
pub fn fill(
    draft: &CaseDraft,
    known: &mut References,
    tags: &mut Vec<Tag>,
    properties: &mut Properties,
    violations: &mut Violations,
) {
    let (Some(reference), Some(rules)) = (&draft.template, &known.template) else {
        return;
    };
    let mut root = Scope::root(violations);
    let mut place = root.key(match reference {
        TemplateReference::Key(_) => "template_key",
        TemplateReference::Id(_) => "template_id",
    });
    if draft.tags.is_empty() {
        default_tags(rules, known, tags, &mut place);
    }
    let mut assignee = None;
    if draft.assignee_id.is_none() {
        assignee = default_assignee(rules, known, &mut place);
    }
    let said: HashSet<_> = draft.custom_properties.iter().map(|(key, _)| key).collect();
    for (key, value) in &rules.defaults.custom_properties {
        if said.contains(key) {
            continue;
        }
        let definition = known.definitions.find(Target::Case, key);
        match definition
            .filter(|it| !it.archived)
            .and_then(|it| checked(it, value))
        {
            Some(value) => drop(properties.insert(key.clone(), value)),
            None => {
                let message = format!(
                    "The template {} sets the custom property {key}, which does not take its value \
                     any more. Change the template, or send the property.",
                    rules.template.key
                );
                let fault = Fault::new(Code::CustomPropertyNotFound, message);
                place.refuse(fault);
            }
        }
    }
    if assignee.is_some() {
        known.assignee = assignee;
    }
}

fn checked(definition: &Definition, value: &serde_json::Value) -> Option<serde_json::Value> {
    let mut faults = Violations::default();
    let given = InputValue::stored(value)?;
    let value = definition.check(&given, &mut Scope::root(&mut faults));
    value.filter(|_| faults.is_empty())
}

fn default_tags(
    rules: &TemplateRules,
    known: &References,
    tags: &mut Vec<Tag>,
    place: &mut Scope<'_>,
) {
    if known.default_tags.len() == rules.defaults.tags.len() {
        tags.clone_from(&known.default_tags);
        return;
    }
    let message = format!(
        "The template {} sets a tag that this workspace no longer has. Change the template, or send \
         tags.",
        rules.template.key
    );
    place.refuse(Fault::new(Code::TagNotFound, message));
}

fn default_assignee(
    rules: &TemplateRules,
    known: &References,
    place: &mut Scope<'_>,
) -> Option<User> {
    let id = rules.defaults.assignee_id?;
    let (code, what) = match &known.default_assignee {
        None => (Code::AssigneeNotFound, "who does not exist"),
        Some(user) if user.suspended => (Code::AssigneeSuspended, "who is suspended"),
        Some(user) => return Some(user.clone()),
    };
    let message = format!(
        "The template {} assigns to the user {id}, {what}. Change the template, or send \
         assignee_id.",
        rules.template.key
    );
    place.refuse(Fault::new(code, message));
    None
}

/// Refuses an open case that lacks what its template requires. Where something was refused already,
/// it is not missing.
pub fn require(
    template: &str,
    required: &[RequiredPath],
    case: &Case,
    violations: &mut Violations,
) -> Result<(), serde_json::Error> {
    if required.is_empty() {
        return Ok(());
    }
    let case = serde_json::to_value(case)?;
    let refused = violations.kept().iter().map(|it| it.pointer.clone());
    let refused: HashSet<String> = refused.collect();
    // The field itself, or an object that contains it.
    let is_refused = |pointer: &str| {
        let ends = pointer.match_indices('/').map(|(at, _)| at);
        let mut prefixes = ends
            .chain([pointer.len()])
            .filter_map(|end| pointer.get(..end));
        prefixes.any(|it| refused.contains(it))
    };
    let missing = required.iter().flat_map(|path| path.missing(&case));
    for pointer in missing.filter(|it| !is_refused(it)) {
        violations.add(
            || pointer,
            || {
                let message = format!(
                    "The template {template} requires this of an open case. Give it, or keep the \
                     case a draft until you have it."
                );
                Fault::new(Code::RequiredByTemplate, message)
            },
        );
    }
    Ok(())
}
