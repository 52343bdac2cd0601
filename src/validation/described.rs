//! The schemas of wire objects (JSON Schema 2020-12), made of the shapes of their members.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::schema::{AdditionalProperties, Type};
use utoipa::openapi::{Object, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Mode;
use super::shape::Shape;

/// A schema with its name among the components of a document.
pub type Component = (String, RefOr<Schema>);

/// A wire object that can say what it is.
pub trait Described {
    /// The name of its schema.
    const NAME: &'static str;
    /// What it is for.
    const ABOUT: &'static str;
    /// What it is a part of, in [`Mode::Part`].
    const WHOLE: &'static str = "Case";

    /// Its members in the order of the contract: name, meaning, shape.
    fn members() -> Vec<(&'static str, &'static str, Shape)>;

    /// The members that it does not have in this mode.
    fn elsewhere(_: Mode) -> &'static [&'static str] {
        &[]
    }
}

/// The name of an object's schema where it differs from mode to mode.
pub fn name_in<T: Described>(mode: Mode) -> String {
    let stem = T::NAME.trim_end_matches("Request");
    let stem = stem.trim_end_matches("Create").trim_end_matches("Update");
    match mode {
        Mode::Part => format!("{stem}Of{}Request", T::WHOLE),
        Mode::Create => format!("{stem}CreateRequest"),
        Mode::Update => format!("{stem}UpdateRequest"),
    }
}

/// The schema of an object in a mode, and those of what it refers to.
pub fn schema<T: Described>(mode: Mode) -> (RefOr<Schema>, Vec<Component>) {
    let mut object = Object::with_type(Type::Object);
    object.description = Some(T::ABOUT.trim().to_owned());
    object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    let mut components = Vec::new();
    let elsewhere = T::elsewhere(mode);
    for (name, about, mut shape) in T::members() {
        if elsewhere.contains(&name) {
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
            .insert(name.to_owned(), shape.member(mode, about.trim()));
    }
    (RefOr::T(object.into()), components)
}

/// The mode of an object that is one request alone.
pub fn own_mode<T: Described>() -> Mode {
    if T::NAME.ends_with("UpdateRequest") {
        Mode::Update
    } else {
        Mode::Create
    }
}

/// A wire object as it is where something is changed, for the reference.
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
