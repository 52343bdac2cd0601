//! What a template requires of an open case: paths into a case. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::custom_properties::{Definitions, Target};
use crate::schema::shape::{self, Shape};
use crate::validation::{Budget, Code, Fault, Misspelt, quote};
use crate::values::is_blank;

/// A path to something that an open case must have, such as `external_id`,
/// `custom_properties.risk_score` or `companies[].address.country`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Required(String);

/// What a case can be asked for.
pub const OF_CASE: &[&str] = &[
    "external_id",
    "assignee_id",
    "space_slug",
    "metadata",
    "tags",
    "companies",
    "individuals",
];
/// What each of its companies can be asked for.
pub const OF_COMPANY: &[&str] = &[
    "commercial_name",
    "registration_number",
    "registration_date",
    "legal_form",
    "entity_legal_form",
    "country",
    "address",
    "classifications",
    "banking_information",
    "share_capital",
    "tax_identification_number",
    "website_url",
    "employer_identification_number",
];
/// What each of its individuals can be asked for.
pub const OF_INDIVIDUAL: &[&str] = &[
    "first_name",
    "middle_name",
    "last_name",
    "maiden_name",
    "email",
    "birth_date",
    "birth_country",
    "birth_place",
    "gender",
    "nationalities",
    "address",
    "banking_information",
    "tax_identification_number",
    "social_security_number",
    "phone_number",
];
const OF_ADDRESS: &[&str] = &[
    "street_address",
    "street_address_2",
    "postal_code",
    "city",
    "state",
    "region",
    "country",
];
const OF_BANK: &[&str] = &["iban", "bic"];

impl Required {
    /// What a path may be.
    pub fn shape() -> Shape {
        let parts = r"|(custom_properties|metadata|companies\[\]|individuals\[\])\..+";
        let form = format!("^({}{parts})$", OF_CASE.join("|"));
        shape::pattern(&form).example("companies[].country")
    }

    /// Takes a path as it is.
    ///
    /// # Errors
    /// `choice`, with the nearest path.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let (known, prefix, path) = match sent.split_once("[].") {
            Some(("companies", path)) => (OF_COMPANY, "companies[].", path),
            Some(("individuals", path)) => (OF_INDIVIDUAL, "individuals[].", path),
            _ => (OF_CASE, "", sent),
        };
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let is_known = match (first, rest) {
            ("custom_properties", Some(key)) => !key.is_empty(),
            ("metadata", Some(key)) => prefix.is_empty() && !key.is_empty(),
            ("address", Some(member)) => known.contains(&first) && OF_ADDRESS.contains(&member),
            ("banking_information", Some(member)) => {
                known.contains(&first) && OF_BANK.contains(&member)
            }
            (_, Some(_)) => false,
            (_, None) => known.contains(&first),
        };
        if is_known && sent.len() <= 255 {
            return Ok(Self(sent.to_owned()));
        }
        let message = format!(
            "\"{}\" is not a path into a case, such as external_id, companies[].country, \
             individuals[].address.city or custom_properties.risk_score.",
            quote(sent)
        );
        let known = known.iter().copied().collect();
        // A template has few paths: each has a budget of its own.
        let nearest = Misspelt::new(path, known);
        let nearest = nearest.as_ref();
        let nearest = nearest.and_then(|it| it.nearest(&mut Budget::default()));
        let meant = nearest.map(|it| format!("{prefix}{it}"));
        Err(Fault::new(Code::Choice, message).meaning(meant.as_deref()))
    }

    /// The custom property that it names, if it names one.
    pub fn custom_property(&self) -> Option<(Target, &str)> {
        let (target, path) = match self.0.split_once("[].") {
            Some(("companies", path)) => (Target::Company, path),
            Some((_, path)) => (Target::Individual, path),
            None => (Target::Case, self.0.as_str()),
        };
        Some((target, path.strip_prefix("custom_properties.")?))
    }

    /// Refuses a custom property that nobody could give.
    ///
    /// # Errors
    /// `custom_property_not_found` or `custom_property_archived`.
    pub fn check(&self, definitions: &Definitions) -> Result<(), Fault> {
        let Some((target, key)) = self.custom_property() else {
            return Ok(());
        };
        match definitions.find(target, key) {
            Some(definition) if definition.archived => {
                let message = format!("The custom property {key} is archived. Remove it.");
                Err(Fault::new(Code::CustomPropertyArchived, message))
            }
            Some(_) => Ok(()),
            None => {
                let message = format!("This workspace has no custom property {} here.", quote(key));
                let fault = Fault::new(Code::CustomPropertyNotFound, message);
                Err(fault.suggesting(key, definitions.keys(target)))
            }
        }
    }

    /// The path as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Pointers to where a case, as it is stored, lacks it.
    pub fn missing(&self, case: &Value) -> Vec<String> {
        match self.0.split_once("[].") {
            None => {
                // An answer and a row have the user where a request has an id.
                let stored = match self.0.as_str() {
                    "assignee_id" => "assignee",
                    path => path,
                };
                let pointer = format!("/{}", pointer(&self.0));
                if lacks(case, stored) {
                    vec![pointer]
                } else {
                    Vec::new()
                }
            }
            Some((array, path)) => {
                let entities = case.get(array).and_then(Value::as_array);
                let entities = entities.into_iter().flatten().enumerate();
                entities
                    .filter(|(_, entity)| lacks(entity, path))
                    .map(|(index, _)| format!("/{array}/{index}/{}", pointer(path)))
                    .collect()
            }
        }
    }
}

/// A path as a pointer: only the first dot separates, since keys may have dots.
fn pointer(path: &str) -> String {
    let escaped = path.replace('~', "~0").replace('/', "~1");
    escaped.replacen('.', "/", 1)
}

fn lacks(object: &Value, path: &str) -> bool {
    let mut keys = path.splitn(2, '.');
    let first = keys.next().and_then(|key| object.get(key));
    let value = match keys.next() {
        Some(key) => first.and_then(|value| value.get(key)),
        None => first,
    };
    value.is_none_or(is_nothing)
}

/// Whether a value says nothing: an address of which every part is null, too.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => is_blank(text),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(Value::is_null),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_what_a_case_can_have() {
        for path in [
            "external_id",
            "metadata.source",
            "custom_properties.risk.score",
            "companies",
            "companies[].address.country",
            "individuals[].custom_properties.note",
        ] {
            assert!(Required::parse(path).is_ok(), "{path}");
        }
        for (path, nearest) in [
            (
                "companies[].registration_nummer",
                Some("companies[].registration_number"),
            ),
            ("individuals[].birthdate", Some("individuals[].birth_date")),
            ("companies[].address.planet", None),
            ("companies.country", None),
            ("users[].email", None),
            ("", None),
        ] {
            let fault = Required::parse(path).unwrap_err();
            let explained = fault.explain(&mut Budget::default());
            assert_eq!(explained.suggestion.as_deref(), nearest, "{path}");
        }
    }

    #[test]
    fn points_to_each_place_that_lacks_it() {
        let case = json!({"external_id": null, "assignee": {"id": 1}, "tags": [],
            "custom_properties": {"a.b": 1}, "companies": [{"address": {"city": null}},
            {"address": {"city": "Paris"}}, {}]});
        for (path, expected) in [
            ("external_id", &["/external_id"][..]),
            ("assignee_id", &[]),
            ("tags", &["/tags"]),
            ("individuals", &["/individuals"]),
            ("custom_properties.a.b", &[]),
            ("custom_properties.c/d", &["/custom_properties/c~1d"]),
            (
                "companies[].address",
                &["/companies/0/address", "/companies/2/address"],
            ),
            (
                "companies[].address.city",
                &["/companies/0/address/city", "/companies/2/address/city"],
            ),
            ("individuals[].email", &[]),
        ] {
            assert_eq!(
                Required::parse(path).unwrap().missing(&case),
                expected,
                "{path}"
            );
        }
    }
}
