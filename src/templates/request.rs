//! The request body of a template.

use uuid::Uuid;

use super::RequiredPath;
use crate::custom_properties::{self, PropertiesRequest, PropertyInputs};
use crate::schema::Changed;
use crate::schema::{self, shape};
use crate::validation::{Change, Code, Fault, Field, Items, Mode, NamedField, Scope, Text, list};
use crate::values::{Key, PlainText, length, not_blank, uuid};
use crate::wire_object;

/// The maximum number of default tags.
const MAX_TAGS: usize = 100;
/// The maximum number of required paths.
pub const MAX_REQUIRED: usize = 200;

wire_object! {
    /// A template: the defaults and required fields of a kind of case.
    TemplateRequest {
        /// Key that cases use for it, unique in the workspace.
        "key" => key: Text<'de> = Key::shape().required().example("kyb_light"),
        /// Its name.
        "name" => name: Text<'de> =
            shape::text(1, 255).example("KYB light").matching(r"\S").required(),
        /// What the template is for.
        "description" => description: Text<'de> =
            shape::text(1, 5_000).example("For companies of the European Union."),
        /// Default values for the fields that a new case does not send. An update replaces all of them.
        "defaults" => defaults: DefaultsRequest<'de> = schema::object::<DefaultsRequest<'_>>(),
        /// Paths of the fields that an open case must have, such as `external_id`, `companies[].country` or
        /// `custom_properties.KEY`, each once. An update replaces all of them.
        "required" => required: Items<Text<'de>, MAX_REQUIRED> =
            shape::list(RequiredPath::shape(), MAX_REQUIRED),
        /// Whether it is archived: new cases cannot use an archived template.
        "archived" => archived: bool = shape::flag(),
    }
}

/// The schema of an update, for the OpenAPI document.
pub type TemplateUpdateRequest = Changed<TemplateRequest<'static>>;

wire_object! {
    /// Default values for the fields that a new case does not send.
    DefaultsRequest or "[]" {
        /// Tags, by label or id.
        "tags" => tags: Items<Text<'de>, MAX_TAGS> =
            shape::list(shape::text(1, 100).example("VIP"), MAX_TAGS),
        /// Id of the user to whom the case is assigned.
        "assignee_id" => assignee_id: Text<'de> =
            shape::format("uuid").example("0198a000-0000-4000-8000-000000000301"),
        /// Values of the custom properties of cases, by key.
        "custom_properties" => custom_properties: PropertiesRequest<'de> =
            custom_properties::shape(),
    }
}

/// Defaults whose references are not resolved yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DefaultsDraft {
    /// Labels or ids of tags. An invalid one is `None`.
    pub tags: Vec<Option<String>>,
    pub assignee_id: Option<Uuid>,
    pub custom_properties: PropertyInputs,
}

/// The parsed fields of a template. In a create without errors, key and name are present.
#[derive(Debug, Clone)]
pub struct TemplateDraft {
    pub key: Option<Key>,
    pub name: Option<PlainText>,
    pub description: Change<String>,
    /// Replaces all defaults.
    pub defaults: Option<DefaultsDraft>,
    /// Replaces all required paths.
    pub required: Option<Vec<RequiredPath>>,
    pub archived: Option<bool>,
}

impl TemplateRequest<'_> {
    /// Parses the fields and adds each error to `scope`.
    pub fn parse(mut self, mode: Mode, scope: &mut Scope<'_>) -> TemplateDraft {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        TemplateDraft {
            key: scope.required_in(mode, self.key(), Key::parse),
            name: scope.required_in(mode, self.name(), not_blank(255)),
            description: scope.change(self.description(), |sent| length(sent, 1, 5_000)),
            defaults: defaults(scope, self.defaults()),
            required: required(scope, self.required()),
            archived: scope.given(self.archived()),
        }
    }
}

/// Parses the defaults. Returns `None` if the field is absent, and empty defaults if it is null.
pub fn defaults(
    scope: &mut Scope<'_>,
    field: NamedField<DefaultsRequest<'_>>,
) -> Option<DefaultsDraft> {
    match field.value {
        Field::Missing => return None,
        Field::Null => return Some(DefaultsDraft::default()),
        Field::Value(_) | Field::Mismatch(_) => {}
    }
    let name = field.name;
    let mut sent = scope.given(field)?;
    let mut scope = scope.key(name);
    sent.unknown_keys.refuse(&mut scope, DefaultsRequest::KNOWN);
    let tags = list(&mut scope, sent.tags(), |sent, scope| {
        scope.parsed(&sent, |sent| length(sent, 1, 100))
    });
    Some(DefaultsDraft {
        tags,
        assignee_id: scope.optional(sent.assignee_id(), uuid),
        custom_properties: custom_properties::parse(sent.custom_properties(), &mut scope),
    })
}

/// Parses the required paths, each of which can occur once. Returns `None` if the field is absent.
pub fn required(
    scope: &mut Scope<'_>,
    field: NamedField<Items<Text<'_>, MAX_REQUIRED>>,
) -> Option<Vec<RequiredPath>> {
    match field.value {
        Field::Missing => return None,
        Field::Null => return Some(Vec::new()),
        Field::Value(_) | Field::Mismatch(_) => {}
    }
    let name = field.name;
    let sent = list(scope, field, |sent, scope| {
        scope.parsed(&sent, RequiredPath::parse)
    });
    let mut array = scope.key(name);
    let mut paths = Vec::new();
    for (index, path) in sent.into_iter().enumerate() {
        let Some(path) = path else { continue };
        if paths.contains(&path) {
            let message = format!("{} appears twice. Keep one of them.", path.as_str());
            let fault = Fault::new(Code::DuplicateValue, message);
            array.index(index).refuse(fault);
        } else {
            paths.push(path);
        }
    }
    Some(paths)
}
