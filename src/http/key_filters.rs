//! Filters by the members of an object, whose keys the caller names: `field.KEY` and `field.KEY.operator`.

use super::query::unsupported_operator;
use super::{Query, query_values};
use crate::db::listing::{Condition, Field, Operand, Operator};
use crate::validation::{Code, Fault};

/// A filter by one member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFilter {
    /// As it stands in the query.
    pub parameter: String,
    pub key: String,
    pub operator: Operator,
    /// What was sent, for the operators that compare.
    pub value: String,
}

impl Query {
    /// The filters by members of an object. A key may have dots; the last part of a name is an operator if it is
    /// written like one.
    pub fn key_filters(&mut self, field: &'static Field) -> Vec<KeyFilter> {
        self.objects.push(field.name);
        let mut found: Vec<KeyFilter> = Vec::new();
        for index in 0..self.sent.len() {
            let Some((name, value)) = self.sent.get(index).cloned() else {
                continue;
            };
            let Some(rest) = name.strip_prefix(field.name) else {
                continue;
            };
            if !(rest.is_empty() || rest.starts_with('.')) {
                continue;
            }
            if let Some(taken) = self.taken.get_mut(index) {
                *taken = true;
            }
            match member(field, rest, (&name, &value)) {
                Ok(filter) if found.iter().any(|it| it.is_same(&filter)) => {
                    let message = "This condition stands here more than once. Keep one of them.";
                    self.refuse(&name, Fault::new(Code::DuplicateKey, message));
                }
                Ok(filter) => found.push(filter),
                Err(fault) => self.refuse(&name, fault),
            }
        }
        found
    }

    /// The conditions that filters become: each with the object that `contained` makes of its key and value.
    pub fn key_conditions(
        &mut self,
        field: &'static Field,
        filters: Vec<KeyFilter>,
        contained: impl Fn(&KeyFilter) -> Result<serde_json::Value, Fault>,
    ) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for filter in filters {
            // A key that is not known is refused whatever it is compared with.
            let operand = contained(&filter).and_then(|object| match filter.operator {
                Operator::IsNull => query_values::boolean(&filter.value)
                    .map(|is_null| Operand::KeyIsNull(filter.key.clone(), is_null)),
                _ => Ok(Operand::Contained(object)),
            });
            match operand {
                Ok(operand) => conditions.push(Condition {
                    field,
                    operator: filter.operator,
                    operand,
                }),
                Err(fault) => self.refuse(&filter.parameter, fault),
            }
        }
        conditions
    }
}

impl KeyFilter {
    fn is_same(&self, other: &Self) -> bool {
        (&self.key, self.operator) == (&other.key, other.operator)
    }
}

/// One filter; `rest` is what stands behind the name of the field.
fn member(field: &Field, rest: &str, sent: (&str, &str)) -> Result<KeyFilter, Fault> {
    let (parameter, value) = sent;
    if parameter.contains('\0') || value.contains('\0') {
        let message = "This has the character U+0000, which nothing here has. Remove it.";
        return Err(Fault::new(Code::Character, message));
    }
    let path = rest.strip_prefix('.').unwrap_or_default();
    let (key, operator) = match path.rsplit_once('.') {
        Some((key, word)) => match Operator::named(word) {
            Some(operator) if field.operators.contains(&operator) => (key, operator),
            Some(_) => return Err(unsupported_operator(field, word)),
            None => (path, Operator::Eq),
        },
        None => (path, Operator::Eq),
    };
    if key.is_empty() {
        let message = format!(
            "Name the key to filter by: {0}.KEY=value, or {0}.KEY.is_null=true.",
            field.name
        );
        return Err(Fault::new(Code::Format, message));
    }
    Ok(KeyFilter {
        parameter: parameter.to_owned(),
        key: key.to_owned(),
        operator,
        value: value.to_owned(),
    })
}
