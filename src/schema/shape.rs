//! The values that a field accepts, as JSON Schema (2020-12). Each field of a wire object declares its own.

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, SchemaType, Type};
use utoipa::openapi::{Array, Deprecated, Object, RefOr, Schema, SchemaFormat};

use crate::validation::Mode;

/// A schema with its name among the components of a document.
pub type Component = (String, RefOr<Schema>);

/// The values that mean the same as an absent field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// None: the field is required.
    Nothing,
    /// `null`.
    Null,
    /// `null` in a create. An update cannot clear the field.
    NullInCreate,
    /// `null` and `""`.
    NullOrEmptyString,
    /// `null` and `[]`, which PHP sends for an empty object.
    NullOrEmptyArray,
}

/// The values that a field accepts.
#[derive(Clone)]
pub struct Shape {
    pub(super) schema: RefOr<Schema>,
    pub(super) absent: Absent,
    pub(super) components: Vec<Component>,
    pub(super) by_mode: Option<fn(Mode) -> Self>,
}

impl Shape {
    fn new(schema: impl Into<Schema>, absent: Absent) -> Self {
        Self {
            schema: RefOr::T(schema.into()),
            absent,
            components: Vec::new(),
            by_mode: None,
        }
    }

    /// Makes the field required. In an update it is optional and cannot be cleared.
    #[must_use]
    pub fn required(self) -> Self {
        let absent = Absent::Nothing;
        Self { absent, ..self }
    }

    /// Makes `""` an ordinary string, not an absent value.
    #[must_use]
    pub fn strict(self) -> Self {
        let absent = Absent::Null;
        Self { absent, ..self }
    }

    /// Accepts `null` in a create. In an update the field cannot be cleared.
    #[must_use]
    pub fn not_clearable(self) -> Self {
        let absent = Absent::NullInCreate;
        Self { absent, ..self }
    }

    /// Adds an example.
    #[must_use]
    pub fn example(mut self, example: impl Into<Value>) -> Self {
        match &mut self.schema {
            RefOr::T(Schema::Object(object)) => object.examples = vec![example.into()],
            RefOr::T(Schema::Array(array)) => array.examples = vec![example.into()],
            _ => {}
        }
        self
    }

    /// Sets the value of an absent field.
    #[must_use]
    pub fn default(mut self, default: impl Into<Value>) -> Self {
        match &mut self.schema {
            RefOr::T(Schema::Object(object)) => object.default = Some(default.into()),
            RefOr::T(Schema::Array(array)) => array.default = Some(default.into()),
            _ => {}
        }
        self
    }

    /// Marks a field that clients should no longer send.
    #[must_use]
    pub fn deprecated(mut self) -> Self {
        if let RefOr::T(Schema::Object(object)) = &mut self.schema {
            object.deprecated = Some(Deprecated::True);
        }
        self
    }

    /// Requires a string that matches a regular expression (ECMA-262).
    #[must_use]
    pub fn matching(mut self, pattern: &str) -> Self {
        if let RefOr::T(Schema::Object(object)) = &mut self.schema {
            object.pattern = Some(pattern.to_owned());
        }
        self
    }

    /// Sets the minimum number of items of an array.
    #[must_use]
    pub fn at_least(mut self, min: usize) -> Self {
        if let RefOr::T(Schema::Array(array)) = &mut self.schema {
            array.min_items = Some(min);
        }
        self
    }

    /// Whether the field is required in this mode.
    pub(super) fn is_required(&self, mode: Mode) -> bool {
        self.absent == Absent::Nothing && mode != Mode::Update
    }

    /// The schema of a field in this mode.
    pub(super) fn field(self, mode: Mode, about: &str) -> RefOr<Schema> {
        let about = Some(about.to_owned()).filter(|it| !it.is_empty());
        let absent = match self.absent {
            Absent::NullInCreate if mode == Mode::Update => Absent::Nothing,
            absent => absent,
        };
        let RefOr::T(Schema::Object(mut object)) = self.schema else {
            return described(self.schema, absent, about);
        };
        let is_formatted = object.format.as_ref().is_some_and(is_asserted);
        let accepts_empty = absent == Absent::NullOrEmptyString && is_formatted;
        if object.schema_type == SchemaType::Type(Type::Object) || accepts_empty {
            return described(RefOr::T(object.into()), absent, about);
        }
        object.description = about;
        if absent != Absent::Nothing {
            with_null(&mut object.schema_type);
            if let Some(words) = &mut object.enum_values {
                words.push(Value::Null);
            }
        }
        if absent == Absent::NullOrEmptyString {
            accept_empty(&mut object);
        }
        RefOr::T(object.into())
    }

    /// The schema of a value that cannot be absent, such as the item of an array.
    pub fn item(self) -> RefOr<Schema> {
        self.schema
    }
}

fn with_null(kind: &mut SchemaType) {
    if let SchemaType::Type(of) = kind {
        *kind = SchemaType::from_iter([of.clone(), Type::Null]);
    }
}

/// Whether validators check this format, so that the empty string does not match.
fn is_asserted(format: &SchemaFormat) -> bool {
    let SchemaFormat::Custom(name) = format else {
        return true;
    };
    ["uuid", "date", "date-time", "email", "uri"].contains(&name.as_str())
}

/// Accepts `""` for an absent field. The other limits hold for a string that is not empty.
fn accept_empty(object: &mut Object) {
    object.min_length = None;
    if let Some(words) = &mut object.enum_values {
        words.push("".into());
    }
    if let Some(pattern) = &mut object.pattern {
        *pattern = format!("^$|{pattern}");
    }
}

/// The schema of an array or an object, together with the values that mean an absent field.
fn described(schema: RefOr<Schema>, absent: Absent, about: Option<String>) -> RefOr<Schema> {
    match (schema, absent) {
        (RefOr::Ref(mut schema), Absent::Nothing) => {
            schema.description = about.unwrap_or_default();
            RefOr::Ref(schema)
        }
        (RefOr::T(Schema::Array(mut array)), absent) => {
            array.description = about;
            if absent != Absent::Nothing {
                with_null(&mut array.schema_type);
            }
            RefOr::T(array.into())
        }
        (schema, absent) => {
            let mut choices = AnyOfBuilder::new().description(about).item(schema);
            if absent == Absent::NullOrEmptyString {
                let mut empty = Object::with_type(Type::String);
                empty.max_length = Some(0);
                choices = choices.item(empty);
            }
            if absent == Absent::NullOrEmptyArray {
                let mut empty = Array::new(Object::with_type(SchemaType::AnyValue));
                empty.max_items = Some(0);
                choices = choices.item(empty);
            }
            if absent != Absent::Nothing {
                choices = choices.item(Object::with_type(Type::Null));
            }
            RefOr::T(choices.into())
        }
    }
}

/// A string of `min` to `max` Unicode scalar values.
pub fn text(min: usize, max: usize) -> Shape {
    let mut object = Object::with_type(Type::String);
    object.min_length = Some(min).filter(|it| *it > 0);
    object.max_length = Some(max);
    Shape::new(object, Absent::NullOrEmptyString)
}

/// A string of a format that JSON Schema, or the standard that it names, defines.
pub fn format(format: &str) -> Shape {
    let mut object = Object::with_type(Type::String);
    object.format = Some(SchemaFormat::Custom(format.to_owned()));
    Shape::new(object, Absent::NullOrEmptyString)
}

/// A string of any length that matches a regular expression (ECMA-262).
pub fn pattern(pattern: &str) -> Shape {
    let mut object = Object::with_type(Type::String);
    object.pattern = Some(pattern.to_owned());
    Shape::new(object, Absent::NullOrEmptyString)
}

/// A string of a format, up to a length.
pub fn format_up_to(name: &str, max: usize) -> Shape {
    let mut shape = format(name);
    if let RefOr::T(Schema::Object(object)) = &mut shape.schema {
        object.max_length = Some(max);
    }
    shape
}

/// One of several strings.
pub fn words(words: impl IntoIterator<Item = &'static str>) -> Shape {
    let mut object = Object::with_type(Type::String);
    object.enum_values = Some(words.into_iter().map(Value::from).collect());
    Shape::new(object, Absent::NullOrEmptyString)
}

/// `true` or `false`.
pub fn flag() -> Shape {
    Shape::new(Object::with_type(Type::Boolean), Absent::Null)
}

/// A number within bounds.
pub fn number(min: f64, max: f64) -> Shape {
    let mut object = Object::with_type(Type::Number);
    object.minimum = Some(min.into());
    object.maximum = Some(max.into());
    Shape::new(object, Absent::Null)
}

/// A value of any type that a custom property can have.
pub fn any() -> Shape {
    let mut items = Array::new(Object::with_type(Type::String));
    let kinds = [
        Type::String,
        Type::Boolean,
        Type::Number,
        Type::Array,
        Type::Null,
    ];
    items.schema_type = SchemaType::from_iter(kinds);
    Shape::new(items, Absent::Nothing)
}

/// An array of up to `max` items.
pub fn list(item: Shape, max: usize) -> Shape {
    let components = item.components.clone();
    let mut array = Array::new(item.item());
    array.max_items = Some(max);
    let shape = Shape::new(array, Absent::Null);
    Shape {
        components,
        ..shape
    }
}

/// An object of up to `max` fields, whose names the client chooses.
pub fn map(key: Shape, value: Shape, max: usize) -> Shape {
    let mut object = Object::with_type(Type::Object);
    if let RefOr::T(key) = key.item() {
        object.property_names = Some(Box::new(key));
    }
    object.additional_properties = Some(Box::new(AdditionalProperties::RefOr(value.item())));
    object.max_properties = Some(max);
    Shape::new(object, Absent::NullOrEmptyArray)
}

/// A field whose shape differs between modes.
pub fn by_mode(shape: fn(Mode) -> Shape) -> Shape {
    let by_mode = Some(shape);
    Shape {
        by_mode,
        ..shape(Mode::Part)
    }
}
