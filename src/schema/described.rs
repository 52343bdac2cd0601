//! The schemas of wire objects (JSON Schema 2020-12), built from the shapes of their fields.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::schema::{AdditionalProperties, Type};
use utoipa::openapi::{Object, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::shape::{Absent, Component, Shape};
use crate::validation::Mode;

/// A wire object with a schema.
pub trait Described {
    /// The name of its schema.
    const NAME: &'static str;
    /// Its description.
    const ABOUT: &'static str;
    /// The object that contains it in [`Mode::Part`].
    const WHOLE: &'static str = "Case";

    /// Its fields in the order of the contract: name, description, shape.
    fn fields() -> Vec<(&'static str, &'static str, Shape)>;

    /// The fields that it has only in other modes.
    fn fields_of_other_modes(_: Mode) -> &'static [&'static str] {
        &[]
    }
}

/// The name of the schema of an object that differs between modes.
pub fn name_in<T: Described>(mode: Mode) -> String {
    let stem = T::NAME.trim_end_matches("Request");
    let stem = stem.trim_end_matches("Create").trim_end_matches("Update");
    match mode {
        Mode::Part => format!("{stem}Of{}Request", T::WHOLE),
        Mode::Create => format!("{stem}CreateRequest"),
        Mode::Update => format!("{stem}UpdateRequest"),
    }
}

/// The schema of an object in a mode, and the schemas to which it refers.
pub fn schema<T: Described>(mode: Mode) -> (RefOr<Schema>, Vec<Component>) {
    let mut object = Object::with_type(Type::Object);
    object.description = Some(T::ABOUT.trim().to_owned());
    object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    let mut components = Vec::new();
    let others = T::fields_of_other_modes(mode);
    for (name, about, mut shape) in T::fields() {
        if others.contains(&name) {
            continue;
        }
        if let Some(by_mode) = shape.by_mode {
            shape = by_mode(mode);
        }
        components.append(&mut shape.components);
        if shape.is_required(mode) {
            object.required.push(name.to_owned());
        }
        object
            .properties
            .insert(name.to_owned(), shape.field(mode, about.trim()));
    }
    (RefOr::T(object.into()), components)
}

/// The mode of an object that is used in one request only.
pub fn own_mode<T: Described>() -> Mode {
    if T::NAME.ends_with("UpdateRequest") {
        Mode::Update
    } else {
        Mode::Create
    }
}

/// A wire object. `[]` means an empty object.
pub fn object<T: Described>() -> Shape {
    reference::<T>(T::NAME.to_owned(), Mode::Part, Absent::NullOrEmptyArray)
}

/// A wire object as the item of an array.
pub fn item<T: Described>() -> Shape {
    reference::<T>(T::NAME.to_owned(), Mode::Part, Absent::Null)
}

/// A wire object that differs between modes, as the item of an array.
pub fn item_in<T: Described>(mode: Mode) -> Shape {
    reference::<T>(name_in::<T>(mode), mode, Absent::Null)
}

fn reference<T: Described>(name: String, mode: Mode, absent: Absent) -> Shape {
    let (schema, mut components) = schema::<T>(mode);
    let reference = RefOr::Ref(Ref::from_schema_name(&name));
    components.push((name, schema));
    Shape {
        schema: reference,
        absent,
        components,
        by_mode: None,
    }
}

/// A wire object in [`Mode::Update`].
pub struct Changed<T>(PhantomData<T>);

impl<T: Described> PartialSchema for Changed<T> {
    fn schema() -> RefOr<Schema> {
        schema::<T>(Mode::Update).0
    }
}

impl<T: Described> ToSchema for Changed<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(name_in::<T>(Mode::Update))
    }

    fn schemas(schemas: &mut Vec<Component>) {
        schemas.extend(schema::<T>(Mode::Update).1);
    }
}
