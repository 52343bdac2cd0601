//! What a member may hold, as JSON Schema (2020-12) tells it: the part of the reference that stands
//! beside each member of a wire object.

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, SchemaType, Type};
use utoipa::openapi::{Array, Deprecated, Object, Ref, RefOr, Schema, SchemaFormat};

use super::Mode;
use super::described::{Component, Described, name_in, schema};

/// What stands for 'not given' besides the absent member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// Nothing: the member is required.
    Nothing,
    /// `null`.
    Null,
    /// `null`, unless a change says it: nothing can be without the member.
    NullOfNew,
    /// `null` and `""`.
    NullOrEmptyText,
    /// `null` and `[]`, as languages that know no difference send an empty object.
    NullOrEmptyArray,
}

/// What a member may hold.
#[derive(Clone)]
pub struct Shape {
    schema: RefOr<Schema>,
    absent: Absent,
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

    /// The same, of a member that must be there; a change need not have it, and cannot clear it.
    #[must_use]
    pub fn required(self) -> Self {
        let absent = Absent::Nothing;
        Self { absent, ..self }
    }

    /// The same, of a text whose `""` is a value like any other.
    #[must_use]
    pub fn strict(self) -> Self {
        let absent = Absent::Null;
        Self { absent, ..self }
    }

    /// The same, of a text that has a default and that a change cannot clear.
    #[must_use]
    pub fn kept(self) -> Self {
        let absent = Absent::NullOfNew;
        Self { absent, ..self }
    }

    /// The same with an example.
    #[must_use]
    pub fn example(mut self, example: impl Into<Value>) -> Self {
        match &mut self.schema {
            RefOr::T(Schema::Object(object)) => object.examples = vec![example.into()],
            RefOr::T(Schema::Array(array)) => array.examples = vec![example.into()],
            _ => {}
        }
        self
    }

    /// The same with what holds where the member is absent.
    #[must_use]
    pub fn default(mut self, default: impl Into<Value>) -> Self {
        match &mut self.schema {
            RefOr::T(Schema::Object(object)) => object.default = Some(default.into()),
            RefOr::T(Schema::Array(array)) => array.default = Some(default.into()),
            _ => {}
        }
        self
    }

    /// The same, of a member that clients should no longer send.
    #[must_use]
    pub fn deprecated(mut self) -> Self {
        if let RefOr::T(Schema::Object(object)) = &mut self.schema {
            object.deprecated = Some(Deprecated::True);
        }
        self
    }

    /// Text that matches an expression (ECMA-262).
    #[must_use]
    pub fn matching(mut self, pattern: &str) -> Self {
        if let RefOr::T(Schema::Object(object)) = &mut self.schema {
            object.pattern = Some(pattern.to_owned());
        }
        self
    }

    /// The same array, which has at least so many items where it is there.
    #[must_use]
    pub fn at_least(mut self, min: usize) -> Self {
        if let RefOr::T(Schema::Array(array)) = &mut self.schema {
            array.min_items = Some(min);
        }
        self
    }

    /// Whether the member must be there in this mode.
    pub(super) fn is_required(&self, mode: Mode) -> bool {
        self.absent == Absent::Nothing && mode != Mode::Update
    }

    /// The schema of a member in this mode.
    pub(super) fn member(self, mode: Mode, about: &str) -> RefOr<Schema> {
        let about = Some(about.to_owned()).filter(|it| !it.is_empty());
        let absent = match self.absent {
            Absent::NullOfNew if mode == Mode::Update => Absent::Nothing,
            absent => absent,
        };
        let RefOr::T(Schema::Object(mut object)) = self.schema else {
            return described(self.schema, absent, about);
        };
        let is_formatted = object.format.as_ref().is_some_and(is_asserted);
        let takes_empty = absent == Absent::NullOrEmptyText && is_formatted;
        if object.schema_type == SchemaType::Type(Type::Object) || takes_empty {
            return described(RefOr::T(object.into()), absent, about);
        }
        object.description = about;
        if absent != Absent::Nothing {
            with_null(&mut object.schema_type);
            if let Some(words) = &mut object.enum_values {
                words.push(Value::Null);
            }
        }
        if absent == Absent::NullOrEmptyText {
            take_empty(&mut object);
        }
        RefOr::T(object.into())
    }

    /// The schema of what cannot be absent, such as the item of an array.
    pub fn item(self) -> RefOr<Schema> {
        self.schema
    }
}

fn with_null(kind: &mut SchemaType) {
    if let SchemaType::Type(of) = kind {
        *kind = SchemaType::from_iter([of.clone(), Type::Null]);
    }
}

/// Whether readers of JSON Schema hold text against this format, so that it cannot be empty.
fn is_asserted(format: &SchemaFormat) -> bool {
    let SchemaFormat::Custom(name) = format else {
        return true;
    };
    ["uuid", "date", "date-time", "email", "uri"].contains(&name.as_str())
}

/// `""` means 'not given': what holds for the text holds for one that is not empty.
fn take_empty(object: &mut Object) {
    object.min_length = None;
    if let Some(words) = &mut object.enum_values {
        words.push("".into());
    }
    if let Some(pattern) = &mut object.pattern {
        *pattern = format!("^$|{pattern}");
    }
}

/// An array or an object of several members, with what may stand in its place.
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
            if absent == Absent::NullOrEmptyText {
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

/// Text of `min` to `max` Unicode scalar values.
pub fn text(min: usize, max: usize) -> Shape {
    let mut object = Object::with_type(Type::String);
    object.min_length = Some(min).filter(|it| *it > 0);
    object.max_length = Some(max);
    Shape::new(object, Absent::NullOrEmptyText)
}

/// Text of a format that JSON Schema, or the standard that it names, defines.
pub fn format(format: &str) -> Shape {
    let mut object = Object::with_type(Type::String);
    object.format = Some(SchemaFormat::Custom(format.to_owned()));
    Shape::new(object, Absent::NullOrEmptyText)
}

/// Text that matches an expression (ECMA-262), of any length.
pub fn pattern(pattern: &str) -> Shape {
    let mut object = Object::with_type(Type::String);
    object.pattern = Some(pattern.to_owned());
    Shape::new(object, Absent::NullOrEmptyText)
}

/// Text of a format, up to a length.
pub fn format_up_to(name: &str, max: usize) -> Shape {
    let mut shape = format(name);
    if let RefOr::T(Schema::Object(object)) = &mut shape.schema {
        object.max_length = Some(max);
    }
    shape
}

/// One of a few words.
pub fn words(words: impl IntoIterator<Item = &'static str>) -> Shape {
    let mut object = Object::with_type(Type::String);
    object.enum_values = Some(words.into_iter().map(Value::from).collect());
    Shape::new(object, Absent::NullOrEmptyText)
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

/// A value of any of the types that a custom property can have.
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

/// An object of up to `max` members, whose keys the caller chooses.
pub fn map(key: Shape, value: Shape, max: usize) -> Shape {
    let mut object = Object::with_type(Type::Object);
    if let RefOr::T(key) = key.item() {
        object.property_names = Some(Box::new(key));
    }
    object.additional_properties = Some(Box::new(AdditionalProperties::RefOr(value.item())));
    object.max_properties = Some(max);
    Shape::new(object, Absent::NullOrEmptyArray)
}

/// An object of the contract, as it is in a mode; `[]` is an empty one.
pub fn object<T: Described>() -> Shape {
    reference::<T>(T::NAME.to_owned(), Mode::Part, Absent::NullOrEmptyArray)
}

/// An object of the contract as the item of an array.
pub fn item<T: Described>() -> Shape {
    reference::<T>(T::NAME.to_owned(), Mode::Part, Absent::Null)
}

/// The same, of an object that differs from mode to mode.
pub fn item_in<T: Described>(mode: Mode) -> Shape {
    reference::<T>(name_in::<T>(mode), mode, Absent::Null)
}

/// What differs from mode to mode.
pub fn by_mode(shape: fn(Mode) -> Shape) -> Shape {
    let by_mode = Some(shape);
    Shape {
        by_mode,
        ..shape(Mode::Part)
    }
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
