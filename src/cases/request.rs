//! The request of `POST /cases`: what may arrive, and the only way from it to a case.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Status;
use super::graph::Graph;
use crate::companies::{CompanyDraft, CompanyRequest};
use crate::custom_properties::{self, Given, PropertiesRequest};
use crate::individuals::{IndividualDraft, IndividualRequest};
use crate::validation::{
    Code, Entries, Fault, Field, Found, Items, Malformed, Member, Scope, Text, Violations, Wire,
    list,
};
use crate::values::{choice, exclusive, length, not_blank, text, uuid};
use crate::wire_object;

const METADATA_KEYS: usize = 100;
const TAGS: usize = 100;
const ENTITIES: usize = 1_000;

wire_object! {
    /// A case as it may arrive.
    CaseRequest {
        "name" => name: Text<'de>,
        "status" => status: Text<'de>,
        "external_id" => external_id: Text<'de>,
        "template_key" => template_key: Text<'de>,
        "template_id" => template_id: Text<'de>,
        "assignee_id" => assignee_id: Text<'de>,
        "space_slug" => space_slug: Text<'de>,
        "metadata" => metadata: Entries<'de, Text<'de>, METADATA_KEYS>,
        "custom_properties" => custom_properties: PropertiesRequest<'de>,
        "tags" => tags: Items<Text<'de>, TAGS>,
        "companies" => companies: Items<CompanyRequest<'de>, ENTITIES>,
        "individuals" => individuals: Items<IndividualRequest<'de>, ENTITIES>,
    }
}

/// A template as the request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateReference {
    Key(String),
    Id(Uuid),
}

/// Something that only the database knows, at the index where the request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub index: usize,
    pub name: String,
}

/// What was read of a case: all of it where nothing is wrong, and everything that is wrong.
#[derive(Debug)]
pub struct CaseDraft {
    pub name: Option<String>,
    pub status: Status,
    pub external_id: Option<String>,
    pub template: Option<TemplateReference>,
    pub assignee_id: Option<Uuid>,
    pub space_slug: Option<String>,
    pub metadata: Vec<(String, String)>,
    pub custom_properties: Given,
    pub tags: Vec<Reference>,
    pub companies: Vec<CompanyDraft>,
    pub individuals: Vec<IndividualDraft>,
    pub graph: Graph,
    pub violations: Violations,
}

/// Reads a body, whatever JSON it is.
///
/// # Errors
/// Only if it is not JSON.
pub fn read(body: &[u8]) -> Result<Field<CaseRequest<'_>>, Malformed> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde::Deserialize::deserialize(&mut reader);
    read.and_then(|field| reader.end().map(|()| field))
        .map_err(|error| Malformed::new(&error))
}

impl CaseDraft {
    /// Walks the request once and collects every fault of shape, value and graph.
    pub fn parse(body: Field<CaseRequest<'_>>, now: DateTime<Utc>) -> Self {
        let mut violations = Violations::default();
        let request = match body {
            Field::Value(request) => Ok(request),
            Field::Mismatch { found, .. } => Err(found),
            Field::Missing | Field::Null => Err(Found::Null),
        };
        let mut draft = match request {
            Ok(request) => request.parse(&mut Scope::root(&mut violations), now),
            Err(found) => {
                let expected = <CaseRequest<'_> as Wire<'_>>::EXPECTED;
                let message = format!("The body must be {expected}; {} was found.", found.as_str());
                Scope::root(&mut violations).refuse(Fault::new(Code::Type, message));
                CaseRequest::default().parse(&mut Scope::root(&mut Violations::default()), now)
            }
        };
        draft.violations = violations;
        draft
    }
}

impl CaseRequest<'_> {
    fn parse(self, scope: &mut Scope<'_>, now: DateTime<Utc>) -> CaseDraft {
        self.strays.refuse(scope, Self::KNOWN);
        let companies_are_known = is_known(&self.companies);
        let name = scope.required(self.name, not_blank(180));
        let status = scope.strict(self.status, initial_status);
        let external_id = scope.optional(self.external_id, text(255));
        let key = scope
            .optional(self.template_key, text(255))
            .map(TemplateReference::Key);
        let id = scope
            .optional(self.template_id, uuid)
            .map(TemplateReference::Id);
        if key.is_some() && id.is_some() {
            for (key, other) in [
                ("template_key", "template_id"),
                ("template_id", "template_key"),
            ] {
                scope.key(key).refuse(exclusive(key, other));
            }
        }
        let assignee_id = scope.optional(self.assignee_id, uuid);
        let space_slug = scope.optional(self.space_slug, text(255));
        let metadata = metadata(scope, self.metadata);
        let custom_properties = custom_properties::parse(self.custom_properties, scope);
        let tags = tags(scope, self.tags);
        let companies: Vec<_> = list(scope, self.companies, |sent, scope| Some(sent.parse(scope)))
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect();
        let individuals: Vec<_> = list(scope, self.individuals, |sent, scope| {
            Some(sent.parse(scope, now))
        })
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
        let graph = Graph::resolve(&companies, companies_are_known, &individuals, scope);
        CaseDraft {
            name,
            status: status.unwrap_or(Status::Open),
            external_id,
            template: key.or(id),
            assignee_id,
            space_slug,
            metadata,
            custom_properties,
            tags,
            companies,
            individuals,
            graph,
            violations: Violations::default(),
        }
    }
}

/// Whether a member is what the contract has here, so that what follows from it can be judged.
fn is_known<T>(member: &Member<T>) -> bool {
    !matches!(member.value, Field::Mismatch { .. })
}

fn initial_status(sent: &str) -> Result<Status, Fault> {
    if matches!(sent, "approved" | "rejected" | "closed") {
        return Err(Fault::new(
            Code::Choice,
            format!(
                "A case is created as draft or open. To record that it is {sent}, create it and \
                 then review it with POST /cases/{{id}}/reviews."
            ),
        )
        .allowing(["draft", "open"]));
    }
    choice(sent, &[("draft", Status::Draft), ("open", Status::Open)])
}

fn metadata(
    scope: &mut Scope<'_>,
    member: Member<Entries<'_, Text<'_>, METADATA_KEYS>>,
) -> Vec<(String, String)> {
    let name = member.name;
    let Some(entries) = scope.given(member) else {
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

fn tags(scope: &mut Scope<'_>, member: Member<Items<Text<'_>, TAGS>>) -> Vec<Reference> {
    let name = member.name;
    let Some(items) = scope.given(member) else {
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

#[cfg(test)]
mod tests;
