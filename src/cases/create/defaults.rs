//! The defaults of a template.

use std::collections::HashSet;

use super::draft::CaseDraft;
use crate::cases::fields::TemplateReference;
use crate::cases::references::References;
use crate::custom_properties::{Definition, InputValue, Properties, Target};
use crate::tags::Tag;
use crate::templates::TemplateRules;
use crate::users::User;
use crate::validation::{Code, Fault, Scope, Violations};

/// Fills absent fields with the defaults of the template. An error in a default is reported on the field that names the
/// template.
pub fn fill_defaults(
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
    let mut scope = root.key(match reference {
        TemplateReference::Key(_) => "template_key",
        TemplateReference::Id(_) => "template_id",
    });
    if draft.tags.is_empty() {
        default_tags(rules, known, tags, &mut scope);
    }
    let mut assignee = None;
    if draft.assignee_id.is_none() {
        assignee = default_assignee(rules, known, &mut scope);
    }
    let given_keys: HashSet<_> = draft.custom_properties.iter().map(|(key, _)| key).collect();
    for (key, value) in &rules.defaults.custom_properties {
        if given_keys.contains(key) {
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
                scope.refuse(fault);
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
    scope: &mut Scope<'_>,
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
    scope.refuse(Fault::new(Code::TagNotFound, message));
}

fn default_assignee(
    rules: &TemplateRules,
    known: &References,
    scope: &mut Scope<'_>,
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
    scope.refuse(Fault::new(code, message));
    None
}
