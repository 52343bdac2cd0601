//! The entries of a workspace file and their validation.

use std::collections::HashSet;

use uuid::Uuid;

use super::rows::{CustomPropertyRow, SpaceRow, TagRow, TemplateRow, UserRow};
use crate::custom_properties::{self, OptionsRequest, SettingsRequest};
use crate::templates::{self, Defaults, DefaultsRequest, MAX_REQUIRED};
use crate::validation::{Code, Fault, Items, Mode, NamedField, Scope, Text, Wire, list};
use crate::values::{Email, Key, SpaceSlug, TagLabel, length, not_blank, uuid};
use crate::wire_object;

/// The valid entries of a workspace file, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkspaceFile {
    pub templates: Vec<TemplateRow>,
    pub tags: Vec<TagRow>,
    pub users: Vec<UserRow>,
    pub spaces: Vec<SpaceRow>,
    pub custom_properties: Vec<CustomPropertyRow>,
}

/// Maximum number of entries of one kind.
const ENTRIES: usize = 10_000;

wire_object! {
    /// The whole file.
    FileRequest {
        "templates" => templates: Items<TemplateRequest<'de>, ENTRIES>,
        "tags" => tags: Items<TagRequest<'de>, ENTRIES>,
        "users" => users: Items<UserRequest<'de>, ENTRIES>,
        "spaces" => spaces: Items<SpaceRequest<'de>, ENTRIES>,
        "custom_properties" => custom_properties: Items<CustomPropertyRequest<'de>, ENTRIES>,
    }
}

wire_object! {
    /// A template.
    TemplateRequest {
        "id" => id: Text<'de>,
        "key" => key: Text<'de>,
        "name" => name: Text<'de>,
        "description" => description: Text<'de>,
        "defaults" => defaults: DefaultsRequest<'de>,
        "required" => required: Items<Text<'de>, MAX_REQUIRED>,
        "archived" => archived: bool,
    }
}

wire_object! {
    /// A tag.
    TagRequest {
        "id" => id: Text<'de>,
        "label" => label: Text<'de>,
    }
}

wire_object! {
    /// A user.
    UserRequest {
        "id" => id: Text<'de>,
        "first_name" => first_name: Text<'de>,
        "last_name" => last_name: Text<'de>,
        "email" => email: Text<'de>,
        "suspended" => suspended: bool,
    }
}

wire_object! {
    /// A space.
    SpaceRequest {
        "slug" => slug: Text<'de>,
        "name" => name: Text<'de>,
    }
}

wire_object! {
    /// A custom property.
    CustomPropertyRequest {
        "id" => id: Text<'de>,
        "target" => target: Text<'de>,
        "key" => key: Text<'de>,
        "label" => label: Text<'de>,
        "type" => kind: Text<'de>,
        "settings" => settings: SettingsRequest<'de>,
        "options" => options: OptionsRequest<'de>,
        "archived" => archived: bool,
    }
}

impl FileRequest<'_> {
    /// Validates the file. Adds its errors to the scope.
    pub fn parse(mut self, scope: &mut Scope<'_>) -> WorkspaceFile {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        WorkspaceFile {
            templates: distinct(
                scope,
                self.templates(),
                TemplateRequest::parse,
                "key",
                |it| it.key.clone(),
            ),
            tags: distinct(scope, self.tags(), TagRequest::parse, "label", |it| {
                TagLabel::fold(&it.label)
            }),
            users: distinct(scope, self.users(), UserRequest::parse, "email", |it| {
                it.email.clone()
            }),
            spaces: distinct(scope, self.spaces(), SpaceRequest::parse, "slug", |it| {
                it.slug.clone()
            }),
            custom_properties: distinct(
                scope,
                self.custom_properties(),
                CustomPropertyRequest::parse,
                "key",
                |it| (it.target, it.key.clone()),
            ),
        }
    }
}

/// Parses the entries of a list and refuses those that repeat a name.
fn distinct<'de, W: Wire<'de>, T, N: Eq + std::hash::Hash>(
    scope: &mut Scope<'_>,
    field: NamedField<Items<W, ENTRIES>>,
    parse: impl Fn(W, &mut Scope<'_>) -> Option<T>,
    key: &'static str,
    name: impl Fn(&T) -> N,
) -> Vec<T> {
    let array = field.name;
    let entries = list(scope, field, parse);
    let mut array = scope.key(array);
    let mut seen = HashSet::new();
    let mut distinct = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let Some(entry) = entry else { continue };
        if seen.insert(name(&entry)) {
            distinct.push(entry);
        } else {
            let message = format!("An entry before this one has the same {key}. Keep one of them.");
            let fault = Fault::new(Code::DuplicateValue, message);
            array.index(index).key(key).refuse(fault);
        }
    }
    distinct
}

fn id(field: NamedField<Text<'_>>, scope: &mut Scope<'_>) -> Option<Uuid> {
    scope.optional(field, uuid)
}

impl TemplateRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> Option<TemplateRow> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let id = id(self.id(), scope);
        let key = scope.required(self.key(), Key::parse);
        let name = scope.required(self.name(), not_blank(255));
        let description = scope.optional(self.description(), |sent| length(sent, 1, 5_000));
        let defaults = templates::defaults(scope, self.defaults()).unwrap_or_default();
        let required = templates::required(scope, self.required()).unwrap_or_default();
        let archived = scope.given(self.archived()).unwrap_or_default();
        Some(TemplateRow {
            id,
            key: key?.as_str().to_owned(),
            name: name?,
            description,
            defaults: Defaults::default(),
            required,
            archived,
            draft: defaults,
        })
    }
}

impl TagRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> Option<TagRow> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let id = id(self.id(), scope);
        let label = scope.required(self.label(), TagLabel::parse)?;
        Some(TagRow {
            id,
            label: label.as_str().to_owned(),
            folded_label: TagLabel::fold(label.as_str()).into(),
        })
    }
}

impl UserRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> Option<UserRow> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let id = id(self.id(), scope);
        let first_name = scope.required(self.first_name(), not_blank(255));
        let last_name = scope.required(self.last_name(), not_blank(255));
        let email = scope.required(self.email(), Email::parse);
        let suspended = scope.given(self.suspended()).unwrap_or_default();
        Some(UserRow {
            id,
            first_name: first_name?,
            last_name: last_name?,
            email: email?.as_str().to_owned(),
            suspended,
        })
    }
}

impl SpaceRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> Option<SpaceRow> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let slug = scope.required(self.slug(), SpaceSlug::parse);
        let name = scope.required(self.name(), not_blank(255));
        Some(SpaceRow {
            slug: slug?.as_str().to_owned(),
            name: name?,
        })
    }
}

impl CustomPropertyRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> Option<CustomPropertyRow> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let id = id(self.id(), scope);
        let target = scope.required(self.target(), custom_properties::target);
        let key = scope.required(self.key(), Key::parse);
        let label = scope.required(self.label(), not_blank(255));
        let kind = scope.required(self.kind(), custom_properties::property_type);
        let settings = custom_properties::settings(self.settings(), kind, Mode::Create, scope);
        let options = custom_properties::options(self.options(), kind, scope);
        let archived = scope.given(self.archived()).unwrap_or_default();
        Some(CustomPropertyRow {
            id,
            target: target?,
            key: key?.as_str().to_owned(),
            label: label?,
            kind: kind?,
            settings,
            options,
            archived,
        })
    }
}
