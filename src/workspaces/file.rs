//! A file that describes what a workspace has: YAML (of which JSON is a part) or TOML.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use super::rows::{CustomPropertyRow, SpaceRow, TagRow, TemplateRow, UserRow};
use crate::custom_properties::{self, OptionsRequest, SettingsRequest};
use crate::templates::{self, Defaults, DefaultsRequest, MAX_REQUIRED};
use crate::validation::{
    Budget, Code, Fault, Field, Found, Items, Member, Mode, Scope, Text, Violations, Wire, list,
    sort_in_document_order,
};
use crate::values::{Email, Key, SpaceSlug, TagLabel, length, not_blank, uuid};
use crate::wire_object;

/// The most entries of one kind.
const ENTRIES: usize = 10_000;

wire_object! {
    /// A whole file as it may be written.
    FileRequest {
        "templates" => templates: Items<TemplateRequest<'de>, ENTRIES>,
        "tags" => tags: Items<TagRequest<'de>, ENTRIES>,
        "users" => users: Items<UserRequest<'de>, ENTRIES>,
        "spaces" => spaces: Items<SpaceRequest<'de>, ENTRIES>,
        "custom_properties" => custom_properties: Items<CustomPropertyRequest<'de>, ENTRIES>,
    }
}

wire_object! {
    /// A template as it may be written.
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
    /// A tag as it may be written.
    TagRequest {
        "id" => id: Text<'de>,
        "label" => label: Text<'de>,
    }
}

wire_object! {
    /// A user as it may be written.
    UserRequest {
        "id" => id: Text<'de>,
        "first_name" => first_name: Text<'de>,
        "last_name" => last_name: Text<'de>,
        "email" => email: Text<'de>,
        "suspended" => suspended: bool,
    }
}

wire_object! {
    /// A space as it may be written.
    SpaceRequest {
        "slug" => slug: Text<'de>,
        "name" => name: Text<'de>,
    }
}

wire_object! {
    /// A custom property as it may be written.
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

/// What a file says, with nothing wrong in it. Its order is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkspaceFile {
    pub templates: Vec<TemplateRow>,
    pub tags: Vec<TagRow>,
    pub users: Vec<UserRow>,
    pub spaces: Vec<SpaceRow>,
    pub custom_properties: Vec<CustomPropertyRow>,
}

/// The language of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Toml,
}

/// What is wrong with a file.
#[derive(Debug, Error)]
pub enum FileError {
    #[error("it is not YAML: {0}")]
    Yaml(String),
    #[error("it is not TOML: {0}")]
    Toml(String),
    #[error("{}", Listed(.0))]
    Invalid(Violations),
}

/// Each violation on a line of its own.
struct Listed<'v>(&'v Violations);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.total();
        let noun = if total == 1 { "problem" } else { "problems" };
        write!(formatter, "{total} {noun} found. Nothing was changed.")?;
        let mut budget = Budget::default();
        for violation in self.0.kept() {
            let explained = violation.fault.explain(&mut budget);
            write!(
                formatter,
                "\n  {}: {}",
                violation.pointer, explained.message
            )?;
        }
        Ok(())
    }
}

impl Format {
    /// TOML for a name that ends in `.toml`, YAML for every other.
    pub fn of(path: &Path) -> Self {
        let is_toml = path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("toml"));
        if is_toml { Self::Toml } else { Self::Yaml }
    }
}

impl WorkspaceFile {
    /// Reads a file, or says everything that is wrong with it.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn parse(text: &str, format: Format) -> Result<Self, FileError> {
        let value: Value = match format {
            Format::Yaml => {
                serde_saphyr::from_str(text).map_err(|error| FileError::Yaml(error.to_string()))?
            }
            Format::Toml => {
                toml::from_str(text).map_err(|error| FileError::Toml(error.to_string()))?
            }
        };
        // As JSON it is read and refused in the same way as a request.
        let json = value.to_string();
        let mut violations = Violations::default();
        let mut scope = Scope::root(&mut violations);
        let file = match serde_json::from_str(&json) {
            Ok(Field::Value(request)) => FileRequest::parse(request, &mut scope),
            Ok(Field::Mismatch(found)) => not_an_object(found, &mut scope),
            Ok(Field::Missing | Field::Null) => not_an_object(Found::Null, &mut scope),
            Err(error) => return Err(FileError::Yaml(error.to_string())),
        };
        if violations.is_empty() {
            return Ok(file);
        }
        sort_in_document_order(&mut violations, json.as_bytes());
        Err(FileError::Invalid(violations))
    }
}

fn not_an_object(found: Found, scope: &mut Scope<'_>) -> WorkspaceFile {
    let message = format!(
        "The file must be {} with {}; {} was found.",
        FileRequest::EXPECTED,
        FileRequest::KNOWN.join(", "),
        found.as_str()
    );
    scope.refuse(Fault::new(Code::Type, message));
    WorkspaceFile::default()
}

impl FileRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> WorkspaceFile {
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

/// The entries of a list, of which no two have the same name.
fn distinct<'de, W: Wire<'de>, T, N: Eq + std::hash::Hash>(
    scope: &mut Scope<'_>,
    member: Member<Items<W, ENTRIES>>,
    parse: impl Fn(W, &mut Scope<'_>) -> Option<T>,
    key: &'static str,
    name: impl Fn(&T) -> N,
) -> Vec<T> {
    let array = member.name;
    let entries = list(scope, member, parse);
    let mut array = scope.key(array);
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let Some(entry) = entry else { continue };
        if seen.insert(name(&entry)) {
            kept.push(entry);
        } else {
            let message = format!("An entry before this one has the same {key}. Keep one of them.");
            let fault = Fault::new(Code::DuplicateValue, message);
            array.index(index).key(key).refuse(fault);
        }
    }
    kept
}

fn id(member: Member<Text<'_>>, scope: &mut Scope<'_>) -> Option<Uuid> {
    scope.optional(member, uuid)
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
