//! The fields that the requests to create and to change a case have in common.

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

/// A template, as the request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateReference {
    Key(PlainText),
    Id(Uuid),
}

/// A tag that the request names, with its index in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub index: usize,
    pub name: PlainText,
}

/// A template by its key.
///
/// # Errors
/// `length`.
pub fn template_key(sent: &str) -> Result<TemplateReference, Fault> {
    length(sent, 1, 255).map(TemplateReference::Key)
}

/// Refuses a template that is named by its key and by its id.
pub fn refuse_two_templates(scope: &mut Scope<'_>) {
    for (key, other) in [
        ("template_key", "template_id"),
        ("template_id", "template_key"),
    ] {
        scope.key(key).refuse(exclusive(key, other));
    }
}

/// The name of a case.
///
/// # Errors
/// `length` or `blank`.
pub fn name(sent: &str) -> Result<PlainText, Fault> {
    not_blank(180)(sent)
}

/// The external ids that no path can contain: `/cases/batch` is an operation, and clients and proxies resolve the
/// other two (RFC 3986, section 5.2.4), even if they are percent-encoded.
const UNREACHABLE: [&str; 3] = ["batch", ".", ".."];

/// The external id of a case.
///
/// # Errors
/// `length`, or `format` for an external id that no path can contain.
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

/// The status that a change sets. A review sets the others.
///
/// # Errors
/// `choice`.
pub fn changed_status(sent: &str) -> Result<Status, Fault> {
    if matches!(sent, "approved" | "rejected" | "closed") {
        let message = format!(
            "The status {sent} comes by a review: POST /cases/{{id}}/reviews. A change opens a case."
        );
        return Err(Fault::new(Code::Choice, message).with_allowed(["open"]));
    }
    choice(sent, &STATUSES)
}

/// The schema of metadata.
pub fn metadata_shape() -> Shape {
    shape::map(shape::text(1, 100), shape::text(0, 5_000), METADATA_KEYS)
}

/// Metadata: an object of strings.
pub fn metadata(
    scope: &mut Scope<'_>,
    field: NamedField<Entries<'_, Text<'_>, METADATA_KEYS>>,
) -> Vec<(PlainText, PlainText)> {
    let name = field.name;
    let Some(entries) = scope.given(field) else {
        return Vec::new();
    };
    let mut here = scope.key(name);
    let mut metadata = Vec::new();
    for (key, field) in entries.within_limit(&mut here) {
        let mut place = here.key(&key);
        let key = place.parsed(&key, |sent| length(sent, 1, 100));
        let value = place
            .item(field)
            .and_then(|value| place.parsed(&value, |sent| length(sent, 0, 5_000)));
        metadata.extend(key.zip(value));
    }
    metadata
}

/// Tags, by id or label.
pub fn tags(scope: &mut Scope<'_>, field: NamedField<Items<Text<'_>, TAGS>>) -> Vec<Reference> {
    let name = field.name;
    let Some(items) = scope.given(field) else {
        return Vec::new();
    };
    let mut here = scope.key(name);
    let mut tags = Vec::new();
    for (index, item) in items.within_limit(&mut here).into_iter().enumerate() {
        let mut place = here.index(index);
        let Some(sent) = place.item(item) else {
            continue;
        };
        if let Some(name) = place.parsed(&sent, |sent| length(sent, 1, 100)) {
            tags.push(Reference { index, name });
        }
    }
    tags
}
