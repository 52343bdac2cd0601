//! The schemas of response fields that exist for compatibility, and of custom properties.

use utoipa::openapi::schema::{AdditionalProperties, SchemaType, Type};
use utoipa::openapi::{Array, Object, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::shape;

/// Always `null`; kept for compatibility.
pub struct Null;

/// Always an empty array; kept for compatibility.
pub struct NoItems;

/// The values of custom properties, by key.
pub struct PropertyValues;

impl PartialSchema for Null {
    fn schema() -> RefOr<Schema> {
        RefOr::T(Object::with_type(Type::Null).into())
    }
}

impl ToSchema for Null {}

impl PartialSchema for NoItems {
    fn schema() -> RefOr<Schema> {
        let mut array = Array::new(Object::with_type(SchemaType::AnyValue));
        array.max_items = Some(0);
        RefOr::T(array.into())
    }
}

impl ToSchema for NoItems {}

impl PartialSchema for PropertyValues {
    fn schema() -> RefOr<Schema> {
        let mut object = Object::with_type(Type::Object);
        let values = AdditionalProperties::RefOr(shape::any().item());
        object.additional_properties = Some(Box::new(values));
        RefOr::T(object.into())
    }
}

impl ToSchema for PropertyValues {}
