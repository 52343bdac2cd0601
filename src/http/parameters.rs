//! Descriptions of parameters in the API reference.

use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{Object, RefOr, Required, Schema, SchemaFormat};

use super::list_query::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::db::listing::{Field, Kind, Operator};

/// Declares a type with the parameters of an operation, for its description.
#[macro_export]
macro_rules! parameters {
    ($visibility:vis $name:ident, $parameters:expr) => {
        /// The parameters, for the API reference.
        $visibility struct $name;

        impl utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                $parameters
            }
        }
    };
}

/// An optional query parameter.
pub fn query(name: &str, about: &str, schema: Object) -> Parameter {
    let mut parameter = Parameter::new(name);
    parameter.parameter_in = ParameterIn::Query;
    parameter.required = Required::False;
    parameter.description = Some(about.to_owned());
    parameter.schema = Some(RefOr::T(Schema::Object(schema)));
    parameter
}

/// A path parameter.
pub fn path(name: &str, about: &str, schema: Object) -> Parameter {
    let mut parameter = query(name, about, schema);
    parameter.parameter_in = ParameterIn::Path;
    parameter.required = Required::True;
    parameter
}

/// An optional request header.
pub fn header(name: &str, about: &str, schema: Object) -> Parameter {
    let mut parameter = query(name, about, schema);
    parameter.parameter_in = ParameterIn::Header;
    parameter
}

/// An optional boolean query parameter. The default is `false`.
pub fn flag(name: &str, about: &str) -> Parameter {
    let mut schema = Object::with_type(Type::Boolean);
    schema.default = Some(false.into());
    query(name, about, schema)
}

/// Parameters of the published API that have no effect.
pub const IGNORED: [&str; 3] = ["exclude_internal_checks", "data_lineage", "property_origin"];

/// Describes [`IGNORED`].
pub fn ignored() -> Vec<Parameter> {
    let about = "Accepted for compatibility. Has no effect.";
    IGNORED.iter().map(|name| flag(name, about)).collect()
}

parameters!(pub Ignored, ignored());

/// A string with a format and an example.
pub fn string(format: Option<&str>, example: &str) -> Object {
    let mut schema = Object::with_type(Type::String);
    schema.format = format.map(|it| SchemaFormat::Custom(it.to_owned()));
    schema.examples = vec![example.into()];
    schema
}

/// The parameters of a list: filters, sorting, pages and cursor.
pub fn list(fields: &[Field], default: &str) -> Vec<Parameter> {
    let mut parameters = pages(fields, default);
    let about = "Pages in the order of creation: empty for the first page, then `next_cursor` of the previous page. \
                 Excludes `page`. Keep the filters the same.";
    let cursor = Object::with_type(Type::String);
    parameters.push(query("cursor", about, cursor));
    parameters
}

/// The parameters of a list without a cursor.
pub fn pages(fields: &[Field], default: &str) -> Vec<Parameter> {
    let mut parameters: Vec<_> = fields.iter().flat_map(filters).collect();
    let sortable: Vec<_> = fields
        .iter()
        .filter(|it| it.sortable)
        .map(|it| it.name)
        .collect();
    if !sortable.is_empty() {
        let about = format!(
            "Comma-separated fields, each with an optional `.asc` or `.desc`: {}.",
            sortable.join(", ")
        );
        let key = format!("({})(\\.(asc|desc))?", sortable.join("|"));
        let mut schema = string(None, "created_at.desc");
        schema.pattern = Some(format!("^$|^{key}( *, *{key})*$"));
        schema.default = Some(default.into());
        parameters.push(query("sort", &about, schema));
    }
    parameters.push(query(
        "page",
        "Page number, from 1.",
        integer(1, i32::MAX, 1),
    ));
    let limit = i32::try_from(MAX_LIMIT).unwrap_or(i32::MAX);
    let default = i32::try_from(DEFAULT_LIMIT).unwrap_or(i32::MAX);
    parameters.push(query(
        "limit",
        "Maximum number of rows per page.",
        integer(1, limit, default),
    ));
    parameters
}

fn integer(min: i32, max: i32, default: i32) -> Object {
    let mut schema = Object::with_type(Type::Integer);
    schema.minimum = Some(min.into());
    schema.maximum = Some(max.into());
    schema.default = Some(default.into());
    schema
}

/// One parameter for each operator of a field, and one for its default operator.
fn filters(field: &Field) -> Vec<Parameter> {
    let default = field.operators.first().copied();
    let plain = default.map(|operator| {
        let about = format!("Same as `{}.{}`.", field.name, operator.as_str());
        query(field.name, &about, operand(field, operator))
    });
    let named = field.operators.iter().map(|operator| {
        let name = format!("{}.{}", field.name, operator.as_str());
        query(&name, description(*operator), operand(field, *operator))
    });
    plain.into_iter().chain(named).collect()
}

fn description(operator: Operator) -> &'static str {
    match operator {
        Operator::Eq => "Equals.",
        Operator::NotEq => "Does not equal, or has no value.",
        Operator::Like => {
            "Matches an SQL pattern: `%` is any string, `_` one character. Escape with `\\`."
        }
        Operator::Ilike => "Like `like`, ignoring case.",
        Operator::In => "Is one of the comma-separated values.",
        Operator::NotIn => "Is none of the comma-separated values.",
        Operator::Gt => "After.",
        Operator::Gte => "At or after.",
        Operator::Lt => "Before.",
        Operator::Lte => "At or before.",
        Operator::ArrayContains => {
            "Has all comma-separated values. Tags: labels (ignoring case) or ids."
        }
        Operator::ArrayNotContains => "Does not have all comma-separated values.",
        Operator::ArrayOverlap => "Has at least one of the comma-separated values.",
        Operator::IsNull => "`true`: has no value; `false`: has a value.",
    }
}

/// A date, or an RFC 3339 time, in UTC by default.
const MOMENT: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$";

fn operand(field: &Field, operator: Operator) -> Object {
    let is_list = matches!(operator, Operator::In | Operator::NotIn);
    if operator == Operator::IsNull {
        return Object::with_type(SchemaType::Type(Type::Boolean));
    }
    match field.kind {
        Kind::Word(words) if is_list => {
            let word = format!("({})", words.join("|"));
            let mut schema = Object::with_type(Type::String);
            schema.pattern = Some(format!("^ *{word} *(, *{word} *)*$"));
            schema
        }
        Kind::Word(words) => {
            let mut schema = Object::with_type(Type::String);
            schema.enum_values = Some(words.iter().map(|word| Value::from(*word)).collect());
            schema
        }
        Kind::Text | Kind::Names(_) | Kind::Key(_) | Kind::Object => {
            Object::with_type(Type::String)
        }
        Kind::Uuid if is_list => Object::with_type(Type::String),
        Kind::Uuid => string(Some("uuid"), "0198a000-0000-4000-8000-000000000301"),
        Kind::Moment => {
            let mut schema = string(None, "2026-01-01T00:00:00Z");
            schema.pattern = Some(MOMENT.to_owned());
            schema
        }
        Kind::Day => string(Some("date"), "2026-01-01"),
        Kind::Country => {
            let mut schema = string(None, "FR");
            schema.pattern = Some("^[A-Za-z]{2}$".to_owned());
            schema
        }
        Kind::Boolean => Object::with_type(SchemaType::Type(Type::Boolean)),
    }
}
