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
    references: &mut References,
    tags: &mut Vec<Tag>,
    properties: &mut Properties,
    violations: &mut Violations,
) {
    let (Some(reference), Some(rules)) = (&draft.template, &references.template) else {
        return;
    };
    let mut root = Scope::root(violations);
    let mut scope = root.key(match reference {
        TemplateReference::Key(_) => "template_key",
        TemplateReference::Id(_) => "template_id",
    });
    if draft.tags.is_empty() {
        default_tags(rules, references, tags, &mut scope);
    }
    let mut assignee = None;
    if draft.assignee_id.is_none() {
        assignee = default_assignee(rules, references, &mut scope);
    }
    let given_keys: HashSet<_> = draft.custom_properties.iter().map(|(key, _)| key).collect();
    for (key, value) in &rules.defaults.custom_properties {
        if given_keys.contains(key) {
            continue;
        }
        let definition = references.definitions.find(Target::Case, key);
        match definition
            .filter(|it| !it.archived)
            .and_then(|it| checked(it, value))
        {
            Some(value) => drop(properties.insert(key.clone(), value)),
            None => {
                let message = format!(
                    "The template {} has a default for the custom property {key} that is no longer valid. \
                     Change the template, or send the property.",
                    rules.template.key
                );
                let fault = Fault::new(Code::CustomPropertyNotFound, message);
                scope.refuse(fault);
            }
        }
    }
    if assignee.is_some() {
        references.assignee = assignee;
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
    references: &References,
    tags: &mut Vec<Tag>,
    scope: &mut Scope<'_>,
) {
    if references.default_tags.len() == rules.defaults.tags.len() {
        tags.clone_from(&references.default_tags);
        return;
    }
    let message = format!(
        "The template {} has a default tag that this workspace no longer has. Change the template, or \
         send tags.",
        rules.template.key
    );
    scope.refuse(Fault::new(Code::TagNotFound, message));
}

fn default_assignee(
    rules: &TemplateRules,
    references: &References,
    scope: &mut Scope<'_>,
) -> Option<User> {
    let id = rules.defaults.assignee_id?;
    let (code, state) = match &references.default_assignee {
        None => (Code::AssigneeNotFound, "does not exist"),
        Some(user) if user.suspended => (Code::AssigneeSuspended, "is suspended"),
        Some(user) => return Some(user.clone()),
    };
    let message = format!(
        "The default assignee of the template {}, the user {id}, {state}. Change the template, or send \
         assignee_id.",
        rules.template.key
    );
    scope.refuse(Fault::new(code, message));
    None
}
