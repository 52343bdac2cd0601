//! What the reference says of the parameters that operations share: those of lists and headers.

use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{Object, RefOr, Required, Schema, SchemaFormat};

use super::query::{DEFAULT_LIMIT, LIMIT};
use crate::db::listing::{Field, Kind, Operator};

/// Declares a type that stands for the parameters of an operation in its description.
#[macro_export]
macro_rules! parameters {
    ($visibility:vis $name:ident, $parameters:expr) => {
        /// Its parameters, for the reference.
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

/// A parameter of a query that need not be there.
pub fn query(name: &str, about: &str, schema: Object) -> Parameter {
    let mut parameter = Parameter::new(name);
    parameter.parameter_in = ParameterIn::Query;
    parameter.required = Required::False;
    parameter.description = Some(about.to_owned());
    parameter.schema = Some(RefOr::T(Schema::Object(schema)));
    parameter
}

/// A parameter of a path.
pub fn path(name: &str, about: &str, schema: Object) -> Parameter {
    let mut parameter = query(name, about, schema);
    parameter.parameter_in = ParameterIn::Path;
    parameter.required = Required::True;
    parameter
}

/// A header of a request that need not be there.
pub fn header(name: &str, about: &str, schema: Object) -> Parameter {
    let mut parameter = query(name, about, schema);
    parameter.parameter_in = ParameterIn::Header;
    parameter
}

/// A parameter that is `true` or `false`.
pub fn flag(name: &str, about: &str) -> Parameter {
    let mut schema = Object::with_type(Type::Boolean);
    schema.default = Some(false.into());
    query(name, about, schema)
}

/// Parameters of the published API that show nothing here.
pub const IGNORED: [&str; 3] = ["exclude_internal_checks", "data_lineage", "property_origin"];

/// [`IGNORED`], for the reference.
pub fn ignored() -> Vec<Parameter> {
    let about = "Known from the published API; does nothing here.";
    IGNORED.iter().map(|name| flag(name, about)).collect()
}

parameters!(pub Ignored, ignored());

/// Text of a format, with an example.
pub fn text(format: Option<&str>, example: &str) -> Object {
    let mut schema = Object::with_type(Type::String);
    schema.format = format.map(|it| SchemaFormat::Custom(it.to_owned()));
    schema.examples = vec![example.into()];
    schema
}

/// The parameters of a list: its filters, its order, its pages.
pub fn list(fields: &[Field], default: &str) -> Vec<Parameter> {
    let mut parameters = pages(fields, default);
    let about = "Begins (empty) or goes on with a walk in the order of creation: `next_cursor` of the page \
                 before. Excludes `page`; the filters stay the same.";
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
            "Fields with `.asc` (or nothing) or `.desc`, after commas: {}.",
            sortable.join(", ")
        );
        let key = format!("({})(\\.(asc|desc))?", sortable.join("|"));
        let mut schema = text(None, "created_at.desc");
        schema.pattern = Some(format!("^$|^{key}( *, *{key})*$"));
        schema.default = Some(default.into());
        parameters.push(query("sort", &about, schema));
    }
    parameters.push(query(
        "page",
        "The number of the page.",
        whole(1, i32::MAX, 1),
    ));
    let limit = i32::try_from(LIMIT).unwrap_or(i32::MAX);
    let default = i32::try_from(DEFAULT_LIMIT).unwrap_or(i32::MAX);
    parameters.push(query(
        "limit",
        "How many rows a page has.",
        whole(1, limit, default),
    ));
    parameters
}

fn whole(min: i32, max: i32, default: i32) -> Object {
    let mut schema = Object::with_type(Type::Integer);
    schema.minimum = Some(min.into());
    schema.maximum = Some(max.into());
    schema.default = Some(default.into());
    schema
}

/// One parameter for each way in which a field is compared.
fn filters(field: &Field) -> Vec<Parameter> {
    let default = field.operators.first().copied();
    let plain = default.map(|operator| {
        let about = format!("As `{}.{}`.", field.name, operator.as_str());
        query(field.name, &about, operand(field, operator))
    });
    let named = field.operators.iter().map(|operator| {
        let name = format!("{}.{}", field.name, operator.as_str());
        query(&name, meaning(*operator), operand(field, *operator))
    });
    plain.into_iter().chain(named).collect()
}

fn meaning(operator: Operator) -> &'static str {
    match operator {
        Operator::Eq => "Equal.",
        Operator::NotEq => "Not equal, or no value.",
        Operator::Like => {
            "A pattern of SQL: `%` is any text, `_` one character, `\\` takes that from them."
        }
        Operator::Ilike => "The same without case.",
        Operator::In => "One of those after commas.",
        Operator::NotIn => "None of those after commas.",
        Operator::Gt => "After.",
        Operator::Gte => "At or after.",
        Operator::Lt => "Before.",
        Operator::Lte => "At or before.",
        Operator::ArrayContains => "Has all of those after commas, by label (without case) or id.",
        Operator::ArrayNotContains => "Does not have all of those after commas.",
        Operator::ArrayOverlap => "Has one of those after commas.",
        Operator::IsNull => "Whether it has no value.",
    }
}

/// A date, or a time of RFC 3339, in UTC where no offset stands.
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
        Kind::Uuid => text(Some("uuid"), "0198a000-0000-4000-8000-000000000301"),
        Kind::Moment => {
            let mut schema = text(None, "2026-01-01T00:00:00Z");
            schema.pattern = Some(MOMENT.to_owned());
            schema
        }
        Kind::Day => text(Some("date"), "2026-01-01"),
        Kind::Country => {
            let mut schema = text(None, "FR");
            schema.pattern = Some("^[A-Za-z]{2}$".to_owned());
            schema
        }
        Kind::Boolean => Object::with_type(SchemaType::Type(Type::Boolean)),
    }
}
