//! The paths of the fields that a template requires of an open case.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::custom_properties::{self, Definitions, Target};
use crate::schema::shape::{self, Shape};
use crate::validation::{Budget, Code, Fault, UnknownName, quote};
use crate::values::is_blank;

/// The path of a field that an open case must have, such as `external_id`,
/// `custom_properties.risk_score` or `companies[].address.country`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct RequiredPath(String);

/// The fields of a case that can be required.
const CASE_FIELDS: &[&str] = &[
    "external_id",
    "assignee_id",
    "space_slug",
    "metadata",
    "tags",
    "companies",
    "individuals",
];
/// The fields of each company that can be required.
const COMPANY_FIELDS: &[&str] = &[
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
/// The fields of each individual that can be required.
const INDIVIDUAL_FIELDS: &[&str] = &[
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
const ADDRESS_FIELDS: &[&str] = &[
    "street_address",
    "street_address_2",
    "postal_code",
    "city",
    "state",
    "region",
    "country",
];
const BANK_FIELDS: &[&str] = &["iban", "bic"];

impl RequiredPath {
    /// The JSON Schema of a path.
    pub fn shape() -> Shape {
        let parts = r"|(custom_properties|metadata|companies\[\]|individuals\[\])\..+";
        let form = format!("^({}{parts})$", CASE_FIELDS.join("|"));
        shape::pattern(&form).example("companies[].country")
    }

    /// Parses a path.
    ///
    /// # Errors
    /// Returns `choice` if there is no such field, with the nearest path as a suggestion.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let (known, prefix, path) = match sent.split_once("[].") {
            Some(("companies", path)) => (COMPANY_FIELDS, "companies[].", path),
            Some(("individuals", path)) => (INDIVIDUAL_FIELDS, "individuals[].", path),
            _ => (CASE_FIELDS, "", sent),
        };
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let is_known = match (first, rest) {
            ("custom_properties", Some(key)) => !key.is_empty(),
            ("metadata", Some(key)) => prefix.is_empty() && !key.is_empty(),
            ("address", Some(field)) => known.contains(&first) && ADDRESS_FIELDS.contains(&field),
            ("banking_information", Some(field)) => {
                known.contains(&first) && BANK_FIELDS.contains(&field)
            }
            (_, Some(_)) => false,
            (_, None) => known.contains(&first),
        };
        if is_known && sent.len() <= 255 {
            return Ok(Self(sent.to_owned()));
        }
        let message = format!(
            "\"{}\" is not the path of a field of a case, such as external_id, companies[].country, \
             individuals[].address.city or custom_properties.risk_score.",
            quote(sent)
        );
        let known = known.iter().copied().collect();
        // A template has few paths, so each has its own budget.
        let unknown = UnknownName::new(path, known);
        let nearest = unknown
            .as_ref()
            .and_then(|it| it.nearest(&mut Budget::default()));
        let suggestion = nearest.map(|it| format!("{prefix}{it}"));
        Err(Fault::new(Code::Choice, message).with_suggestion(suggestion.as_deref()))
    }

    /// The target and the key, if the path is that of a custom property.
    pub fn custom_property(&self) -> Option<(Target, &str)> {
        let (target, path) = match self.0.split_once("[].") {
            Some(("companies", path)) => (Target::Company, path),
            Some((_, path)) => (Target::Individual, path),
            None => (Target::Case, self.0.as_str()),
        };
        Some((target, path.strip_prefix("custom_properties.")?))
    }

    /// Checks that a custom property exists and is not archived.
    ///
    /// # Errors
    /// Returns `custom_property_not_found` or `custom_property_archived`.
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
                let message = custom_properties::not_found(target, key);
                let fault = Fault::new(Code::CustomPropertyNotFound, message);
                Err(fault.with_candidates(key, definitions.keys(target)))
            }
        }
    }

    /// The path as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// JSON Pointers to each occurrence of the field that has no value in a stored case.
    pub fn missing(&self, case: &Value) -> Vec<String> {
        match self.0.split_once("[].") {
            None => {
                // A stored case has the user where a request has its id.
                let stored = match self.0.as_str() {
                    "assignee_id" => "assignee",
                    path => path,
                };
                let pointer = format!("/{}", pointer(&self.0));
                if is_missing(case, stored) {
                    vec![pointer]
                } else {
                    Vec::new()
                }
            }
            Some((array, path)) => {
                let entities = case.get(array).and_then(Value::as_array);
                let entities = entities.into_iter().flatten().enumerate();
                entities
                    .filter(|(_, entity)| is_missing(entity, path))
                    .map(|(index, _)| format!("/{array}/{index}/{}", pointer(path)))
                    .collect()
            }
        }
    }
}

/// Converts a path to a JSON Pointer. Only the first dot is a separator, since keys can contain dots.
fn pointer(path: &str) -> String {
    let escaped = path.replace('~', "~0").replace('/', "~1");
    escaped.replacen('.', "/", 1)
}

fn is_missing(object: &Value, path: &str) -> bool {
    let mut keys = path.splitn(2, '.');
    let first = keys.next().and_then(|key| object.get(key));
    let value = match keys.next() {
        Some(key) => first.and_then(|value| value.get(key)),
        None => first,
    };
    value.is_none_or(is_empty)
}

/// Whether a value is null, blank or empty, or is an object whose fields are all null, such as an address.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => is_blank(text),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(Value::is_null),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn accepts_only_fields_of_a_case() {
        for path in [
            "external_id",
            "metadata.source",
            "custom_properties.risk.score",
            "companies",
            "companies[].address.country",
            "individuals[].custom_properties.note",
        ] {
            assert!(RequiredPath::parse(path).is_ok(), "{path}");
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
            let fault = RequiredPath::parse(path).unwrap_err();
            let explained = fault.explain(&mut Budget::default());
            assert_eq!(explained.suggestion.as_deref(), nearest, "{path}");
        }
    }

    #[test]
    fn points_to_each_missing_field() {
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
                RequiredPath::parse(path).unwrap().missing(&case),
                expected,
                "{path}"
            );
        }
    }
}
