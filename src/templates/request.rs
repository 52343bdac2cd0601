//! Templates as they may arrive.

use uuid::Uuid;

use super::Required;
use crate::custom_properties::{self, Given, PropertiesRequest};
use crate::schema::Changed;
use crate::schema::{self, shape};
use crate::validation::{Change, Code, Fault, Field, Items, Member, Mode, Scope, Text, list};
use crate::values::{Key, PlainText, length, not_blank, uuid};
use crate::wire_object;

/// The most tags by default.
const TAGS: usize = 100;
/// The most paths that are required.
pub const REQUIRED: usize = 200;

wire_object! {
    /// A template: what the workspace asks of a kind of case.
    TemplateRequest {
        /// What cases call it, unique in the workspace.
        "key" => key: Text<'de> = Key::shape().required().example("kyb_light"),
        /// Its name.
        "name" => name: Text<'de> =
            shape::text(1, 255).example("KYB light").matching(r"\S").required(),
        /// What it is for.
        "description" => description: Text<'de> =
            shape::text(1, 5_000).example("For companies of the European Union."),
        /// What a new case has where it says nothing itself; replaced as a whole.
        "defaults" => defaults: DefaultsRequest<'de> = schema::object::<DefaultsRequest<'_>>(),
        /// Paths to what an open case must have, such as `external_id`, `companies[].country` or
        /// `custom_properties.KEY`, each once; replaced as a whole.
        "required" => required: Items<Text<'de>, REQUIRED> =
            shape::list(Required::shape(), REQUIRED),
        /// Whether new cases can no longer use it.
        "archived" => archived: bool = shape::flag(),
    }
}

/// The same as a change, for the reference.
pub type TemplateUpdateRequest = Changed<TemplateRequest<'static>>;

wire_object! {
    /// What a new case has where it says nothing itself.
    DefaultsRequest or "[]" {
        /// Tags, by label or id.
        "tags" => tags: Items<Text<'de>, TAGS> =
            shape::list(shape::text(1, 100).example("VIP"), TAGS),
        /// A user.
        "assignee_id" => assignee_id: Text<'de> =
            shape::format("uuid").example("0198a000-0000-4000-8000-000000000301"),
        /// Values of the custom properties for cases, by key.
        "custom_properties" => custom_properties: PropertiesRequest<'de> =
            custom_properties::shape(),
    }
}

/// Defaults whose references are not held against the workspace yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DefaultsDraft {
    /// Labels or ids of tags; what was refused is `None`.
    pub tags: Vec<Option<String>>,
    pub assignee_id: Option<Uuid>,
    pub custom_properties: Given,
}

/// What a request says of a template. For a new one, key and name are there.
#[derive(Debug, Clone)]
pub struct TemplateDraft {
    pub key: Option<Key>,
    pub name: Option<PlainText>,
    pub description: Change<String>,
    /// Replaced as a whole.
    pub defaults: Option<DefaultsDraft>,
    /// Replaced as a whole.
    pub required: Option<Vec<Required>>,
    pub archived: Option<bool>,
}

impl TemplateRequest<'_> {
    /// The template, its faults refused at their places.
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

/// What a template says by default: `null` is nothing, absent is not said.
pub fn defaults(
    scope: &mut Scope<'_>,
    member: Member<DefaultsRequest<'_>>,
) -> Option<DefaultsDraft> {
    match member.value {
        Field::Missing => return None,
        Field::Null => return Some(DefaultsDraft::default()),
        Field::Value(_) | Field::Mismatch(_) => {}
    }
    let name = member.name;
    let mut sent = scope.given(member)?;
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

/// What a template requires, each path once.
pub fn required(
    scope: &mut Scope<'_>,
    member: Member<Items<Text<'_>, REQUIRED>>,
) -> Option<Vec<Required>> {
    match member.value {
        Field::Missing => return None,
        Field::Null => return Some(Vec::new()),
        Field::Value(_) | Field::Mismatch(_) => {}
    }
    let name = member.name;
    let sent = list(scope, member, |sent, scope| {
        scope.parsed(&sent, Required::parse)
    });
    let mut array = scope.key(name);
    let mut paths = Vec::new();
    for (index, path) in sent.into_iter().enumerate() {
        let Some(path) = path else { continue };
        if paths.contains(&path) {
            let message = format!("{} stands here twice. Keep one of them.", path.as_str());
            let fault = Fault::new(Code::DuplicateValue, message);
            array.index(index).refuse(fault);
        } else {
            paths.push(path);
        }
    }
    Some(paths)
}
