//! The fields that the requests to create and to update a case share.

use uuid::Uuid;

use super::model::Status;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Entries, Fault, Items, NamedField, Scope, Text};
use crate::values::{PlainText, choice, exclusive, length, not_blank};

/// The most metadata keys of a case.
pub const METADATA_KEYS: usize = 100;
/// The most tags of a case.
pub const TAGS: usize = 100;
/// The statuses of a new case.
pub const STATUSES: [(&str, Status); 2] = [("draft", Status::Draft), ("open", Status::Open)];

/// The template in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateReference {
    Key(PlainText),
    Id(Uuid),
}

/// A tag in a request: its id or label, with its index in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagReference {
    pub index: usize,
    pub name: PlainText,
}

/// Parses the key of a template.
///
/// # Errors
/// Returns `length` if it has no or more than 255 characters.
pub fn template_key(sent: &str) -> Result<TemplateReference, Fault> {
    length(sent, 1, 255).map(TemplateReference::Key)
}

/// Refuses a request with both `template_key` and `template_id`.
pub fn refuse_two_templates(scope: &mut Scope<'_>) {
    for (key, other) in [
        ("template_key", "template_id"),
        ("template_id", "template_key"),
    ] {
        scope.key(key).refuse(exclusive(key, other));
    }
}

/// Parses the name of a case.
///
/// # Errors
/// Returns `length` or `blank`.
pub fn name(sent: &str) -> Result<PlainText, Fault> {
    not_blank(180)(sent)
}

/// The external ids that a path cannot contain: `/cases/batch` is an operation, and clients and proxies resolve the
/// other two (RFC 3986, section 5.2.4), even if they are percent-encoded.
const UNREACHABLE: [&str; 3] = ["batch", ".", ".."];

/// Parses the external id of a case.
///
/// # Errors
/// Returns `length`, or `format` if a path cannot contain it.
pub fn external_id(sent: &str) -> Result<PlainText, Fault> {
    if UNREACHABLE.contains(&sent) {
        let message = format!(
            "\"{sent}\" cannot be an external id: the path /cases/{sent} does not name a case. Choose another, \
             such as case-{}.",
            sent.replace('.', "1")
        );
        return Err(Fault::new(Code::Format, message));
    }
    length(sent, 1, 255)
}

/// Parses the status in an update. A review sets the other statuses.
///
/// # Errors
/// Returns `choice`.
pub fn changed_status(sent: &str) -> Result<Status, Fault> {
    if matches!(sent, "approved" | "rejected" | "closed") {
        let message = format!(
            "A review sets the status {sent}: send POST /cases/{{id}}/reviews. An update can only open a case."
        );
        return Err(Fault::new(Code::Choice, message).with_allowed(["open"]));
    }
    choice(sent, &STATUSES)
}

/// The schema of metadata.
pub fn metadata_shape() -> Shape {
    shape::map(shape::text(1, 100), shape::text(0, 5_000), METADATA_KEYS)
}

/// Parses metadata: an object of strings.
pub fn metadata(
    scope: &mut Scope<'_>,
    field: NamedField<Entries<'_, Text<'_>, METADATA_KEYS>>,
) -> Vec<(PlainText, PlainText)> {
    let name = field.name;
    let Some(entries) = scope.given(field) else {
        return Vec::new();
    };
    let mut scope = scope.key(name);
    let mut metadata = Vec::new();
    for (key, value) in entries.within_limit(&mut scope) {
        let mut entry = scope.key(&key);
        let key = entry.parsed(&key, |sent| length(sent, 1, 100));
        let value = entry
            .item(value)
            .and_then(|value| entry.parsed(&value, |sent| length(sent, 0, 5_000)));
        metadata.extend(key.zip(value));
    }
    metadata
}

/// Parses tags: ids or labels.
pub fn tags(scope: &mut Scope<'_>, field: NamedField<Items<Text<'_>, TAGS>>) -> Vec<TagReference> {
    let name = field.name;
    let Some(items) = scope.given(field) else {
        return Vec::new();
    };
    let mut scope = scope.key(name);
    let mut tags = Vec::new();
    for (index, item) in items.within_limit(&mut scope).into_iter().enumerate() {
        let mut scope = scope.index(index);
        let Some(sent) = scope.item(item) else {
            continue;
        };
        if let Some(name) = scope.parsed(&sent, |sent| length(sent, 1, 100)) {
            tags.push(TagReference { index, name });
        }
    }
    tags
}
