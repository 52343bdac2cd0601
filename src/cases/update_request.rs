//! The request of `PATCH /cases/{id}`.

use uuid::Uuid;

use super::fields::{
    METADATA_KEYS, STATUSES, TemplateReference, changed_status, external_id, metadata,
    metadata_shape, name, refuse_two_templates, template_key,
};
use super::model::{CaseHeader, Status};
use super::references::ReferenceKeys;
use crate::custom_properties::{self, PropertiesRequest, PropertyInputs};
use crate::schema::shape;
use crate::validation::{Change, Entries, Field, Scope, Text, is_given};
use crate::values::{PlainText, uuid};
use crate::wire_object;

wire_object! {
    /// Changes of a case. Absent fields stay unchanged, and `null` clears a field.
    CaseUpdateRequest {
        /// Name of the case. Not only white space.
        "name" => name: Text<'de> = shape::text(1, 180).matching(r"\S").required().example("Acme"),
        /// `open` opens a draft, or reopens a reviewed case. A review sets the other statuses.
        "status" => status: Text<'de> = shape::words(STATUSES.map(|it| it.0)).not_clearable(),
        /// Your own id of the customer, unique in the workspace. Not `batch`, `.` or `..`: a path cannot contain them.
        "external_id" => external_id: Text<'de> = shape::text(1, 255).example("customer-1001"),
        /// Key of the template. Send `template_key` or `template_id`, not both.
        "template_key" => template_key: Text<'de> = shape::text(1, 255).example("kyb_standard"),
        /// Id of the template. Use `template_key` instead.
        "template_id" => template_id: Text<'de> =
            shape::format("uuid").example("0198a000-0000-4000-8000-000000000101").deprecated(),
        /// Id of the user to whom the case is assigned. Not a suspended user.
        "assignee_id" => assignee_id: Text<'de> =
            shape::format("uuid").example("0198a000-0000-4000-8000-000000000301"),
        /// Values of custom properties, by key. They are merged with the current values; `null` removes a value.
        "custom_properties" => custom_properties: PropertiesRequest<'de> =
            custom_properties::shape(),
        /// Metadata. It replaces the current metadata.
        "metadata" => metadata: Entries<'de, Text<'de>, METADATA_KEYS> = metadata_shape(),
    }
}

/// A parsed update.
#[derive(Debug, Clone)]
pub struct CaseChanges {
    pub name: Option<PlainText>,
    pub status: Option<Status>,
    pub external_id: Change<PlainText>,
    pub template: Change<TemplateReference>,
    pub assignee_id: Change<Uuid>,
    /// Merged with the current values; a null removes a value.
    pub custom_properties: PropertyInputs,
    /// Replaces the current metadata.
    pub metadata: Change<Vec<(PlainText, PlainText)>>,
}

impl CaseUpdateRequest<'_> {
    /// Parses the changes and collects every error.
    pub fn parse(mut self, scope: &mut Scope<'_>) -> CaseChanges {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let two_templates = is_given(&self.template_key) && is_given(&self.template_id);
        let by_key = scope.change(self.template_key(), template_key);
        let by_id = scope.change(self.template_id(), |sent| {
            uuid(sent).map(TemplateReference::Id)
        });
        if two_templates {
            refuse_two_templates(scope);
        }
        let metadata = match &self.metadata {
            Field::Missing | Field::Mismatch(_) => {
                metadata(scope, self.metadata());
                Change::Keep
            }
            Field::Null => Change::Clear,
            Field::Value(_) => match metadata(scope, self.metadata()) {
                metadata if metadata.is_empty() => Change::Clear,
                metadata => Change::Set(metadata),
            },
        };
        CaseChanges {
            name: scope.replacement(self.name(), name),
            status: scope.replacement(self.status(), changed_status),
            external_id: scope.change(self.external_id(), external_id),
            template: match (by_key, by_id) {
                (Change::Set(key), _) => Change::Set(key),
                (_, Change::Set(id)) => Change::Set(id),
                (Change::Keep, Change::Keep) => Change::Keep,
                _ => Change::Clear,
            },
            assignee_id: scope.change(self.assignee_id(), uuid),
            custom_properties: custom_properties::parse(self.custom_properties(), scope),
            metadata,
        }
    }
}

impl CaseChanges {
    /// Whether a concurrent change of a reference can make the change invalid. Opening a case checks the fields that its
    /// template requires.
    pub fn depends_on_references(&self) -> bool {
        let names_reference = self.template.set().is_some() || self.assignee_id.set().is_some();
        names_reference || self.status.is_some() || !self.custom_properties.is_empty()
    }

    /// The keys of the references in the update, and the template that the case keeps.
    pub fn reference_keys(&self, case: &CaseHeader) -> ReferenceKeys {
        let keys = ReferenceKeys {
            external_id: self.external_id.set().cloned(),
            ..ReferenceKeys::new(
                self.template.set(),
                self.assignee_id.set().copied(),
                None,
                &[],
            )
        };
        match (&self.template, &case.template) {
            (Change::Keep, Some(template)) => keys.with_current_template(template.id),
            _ => keys,
        }
    }
}
