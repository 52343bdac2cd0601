//! Custom properties as a request gives them, before their definitions are known.

use serde_json::Value;

use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Entries, Fault, Field, Member, Scope, any::Any};

/// The most custom properties that one object can give.
const GIVEN: usize = 1_000;

/// Custom properties as they may arrive.
pub type PropertiesRequest<'de> = Entries<'de, Any<'de>, GIVEN>;

/// What a member that holds custom properties may be.
pub fn shape() -> Shape {
    shape::map(shape::text(1, 100), shape::any(), GIVEN)
}

/// A value whose type is held against its definition once that is known.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenValue {
    Text(String),
    Boolean(bool),
    Number(f64),
    /// An item that was refused is `None`, so that the others keep their places.
    List(Vec<Option<String>>),
}

impl GivenValue {
    /// A value that was stored before, to be held against its definition again; null is none.
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

/// The custom properties that one entity gives: keys with values, in the order of the request.
/// `None` is an explicit null.
pub type Given = Vec<(String, Option<GivenValue>)>;

/// Takes over what was given; values of a type that no custom property has are refused.
pub fn parse(member: Member<PropertiesRequest<'_>>, scope: &mut Scope<'_>) -> Given {
    let name = member.name;
    let Some(entries) = scope.given(member) else {
        return Given::new();
    };
    let mut here = scope.key(name);
    let mut given = Given::new();
    for (key, field) in entries.within_limit(&mut here) {
        let mut place = here.key(&key);
        let value = match field {
            Field::Null => None,
            field => match place.item(field) {
                Some(value) => taken(value, &mut place),
                None => continue,
            },
        };
        given.push((key.into_owned(), value));
    }
    given
}

fn taken(value: Any<'_>, place: &mut Scope<'_>) -> Option<GivenValue> {
    Some(match value {
        Any::Boolean(value) => GivenValue::Boolean(value),
        Any::Number(number) => GivenValue::Number(number.0),
        Any::Text(text) if text.is_empty() => return None,
        Any::Text(text) => GivenValue::Text(place.parsed(&text, |text| Ok(text.to_owned()))?),
        Any::List(items) => {
            let items = items.within_limit(place).into_iter().enumerate();
            let list = items.map(|(index, item)| {
                let mut place = place.index(index);
                let text = place.item(item)?;
                place.parsed(&text, |text| {
                    if text.is_empty() {
                        return Err(Fault::new(Code::Length, "An item of this list is empty."));
                    }
                    Ok(text.to_owned())
                })
            });
            GivenValue::List(list.collect())
        }
    })
}
