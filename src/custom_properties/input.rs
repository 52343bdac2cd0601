//! Custom properties of a request, before they are checked against their definitions.

use serde_json::Value;

use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Entries, Fault, Field, NamedField, Scope, any::Any};

/// The maximum number of custom properties in one object.
const MAX_PROPERTIES: usize = 1_000;

/// The custom properties of a request.
pub type PropertiesRequest<'de> = Entries<'de, Any<'de>, MAX_PROPERTIES>;

/// The JSON Schema of a field with custom properties.
pub fn shape() -> Shape {
    shape::map(shape::text(1, 100), shape::any(), MAX_PROPERTIES)
}

/// A value that is not yet checked against its definition.
#[derive(Debug, Clone, PartialEq)]
pub enum InputValue {
    Text(String),
    Boolean(bool),
    Number(f64),
    /// An invalid item is `None`, so that the others keep their indexes.
    List(Vec<Option<String>>),
}

impl InputValue {
    /// A stored value, to be checked again. Returns `None` for null or an object.
    pub fn stored(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Bool(value) => Some(Self::Boolean(*value)),
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::Array(items) => {
                let items = items.iter().map(|it| it.as_str().map(str::to_owned));
                Some(Self::List(items.collect()))
            }
            Value::Null | Value::Object(_) => None,
        }
    }
}

/// The keys and values of one object, in the order of the request. `None` is an explicit null.
pub type PropertyInputs = Vec<(String, Option<InputValue>)>;

/// Parses a field with custom properties. Refuses values of a JSON type that no custom property has.
pub fn parse(field: NamedField<PropertiesRequest<'_>>, scope: &mut Scope<'_>) -> PropertyInputs {
    let name = field.name;
    let Some(entries) = scope.given(field) else {
        return PropertyInputs::new();
    };
    let mut scope = scope.key(name);
    let mut inputs = PropertyInputs::new();
    for (key, field) in entries.within_limit(&mut scope) {
        let mut scope = scope.key(&key);
        let value = match field {
            Field::Null => None,
            field => match scope.item(field) {
                Some(value) => input_value(value, &mut scope),
                None => continue,
            },
        };
        inputs.push((key.into_owned(), value));
    }
    inputs
}

fn input_value(value: Any<'_>, scope: &mut Scope<'_>) -> Option<InputValue> {
    Some(match value {
        Any::Boolean(value) => InputValue::Boolean(value),
        Any::Number(number) => InputValue::Number(number.0),
        Any::Text(text) if text.is_empty() => return None,
        Any::Text(text) => InputValue::Text(scope.parsed(&text, |text| Ok(text.to_owned()))?),
        Any::List(items) => {
            let items = items.within_limit(scope).into_iter().enumerate();
            let list = items.map(|(index, item)| {
                let mut scope = scope.index(index);
                let text = scope.item(item)?;
                scope.parsed(&text, |text| {
                    if text.is_empty() {
                        return Err(Fault::new(Code::Length, "An item of this list is empty."));
                    }
                    Ok(text.to_owned())
                })
            });
            InputValue::List(list.collect())
        }
    })
}
