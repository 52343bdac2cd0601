//! The changes of an update, with their activities and events.

use serde_json::json;

use super::model::CaseHeader;
use crate::events::{Change, Context, Event, Subject, changed_fields};

/// The fields with an activity and an event of their own.
const OWN_EVENT: [(&str, &str, Event); 4] = [
    (
        "status",
        "api__updated_status__case",
        Event::CASE_STATUS_UPDATED,
    ),
    (
        "template",
        "api__updated_template__case",
        Event::CASE_TEMPLATE_UPDATED,
    ),
    (
        "assignee",
        "api__updated_assignee__case",
        Event::CASE_ASSIGNEE_UPDATED,
    ),
    (
        "metadata",
        "api__updated_metadata__case",
        Event::CASE_METADATA_UPDATED,
    ),
];

/// The changes from one state of a case to the next: one for each changed field with an event of its own, and one for
/// all other changed fields. An update that changes nothing is one change without fields.
///
/// # Errors
/// Returns an error if a state has no JSON form.
pub fn updated(before: &CaseHeader, case: &CaseHeader) -> Result<Vec<Change>, serde_json::Error> {
    let mut fields = changed_fields(before, case)?;
    // Every update changes the version, and a new status clears the review.
    fields.retain(|name| name != "version" && name != "review");
    let change = |activity| Change::new(case.id, Subject::Case, case.version, activity);
    let mut changes = Vec::new();
    for (name, activity, event) in OWN_EVENT {
        if !fields.iter().any(|it| it == name) {
            continue;
        }
        let change = change(activity).with_event(event);
        changes.push(match name {
            "status" => change
                .with_context(Context::CaseStatus(case.status.as_str()))
                .with_transition(name, before.status.as_str(), case.status.as_str()),
            "template" => match &case.template {
                Some(template) => {
                    change.with_context(Context::Resource("template", json!(template)))
                }
                None => change,
            }
            .with_fields([name]),
            _ => change.with_fields([name]),
        });
    }
    fields.retain(|name| OWN_EVENT.iter().all(|(own, ..)| own != name));
    if !fields.is_empty() || changes.is_empty() {
        let change = change("api__updated_info__case").with_fields(fields);
        changes.push(change.with_event(Event::CASE_INFO_UPDATED));
    }
    Ok(changes)
}
