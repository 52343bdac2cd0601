//! Filters by the keys of an object: `field.KEY` and `field.KEY.operator`.

use super::operands::unsupported_operator;
use super::{Query, query_values};
use crate::db::listing::{Condition, Field, Operand, Operator};
use crate::validation::{Code, Fault};

/// A filter by one key of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFilter {
    /// The name of the parameter.
    pub parameter: String,
    pub key: String,
    pub operator: Operator,
    /// The value of the parameter.
    pub value: String,
}

impl Query {
    /// Takes the filters by keys of an object. A key can contain dots. The last part of a name is an operator if an
    /// operator has that name.
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
            match key_filter(field, rest, (&name, &value)) {
                Ok(filter) if found.iter().any(|it| it.is_same(&filter)) => {
                    let message = "This condition appears more than once. Keep one of them.";
                    self.refuse(&name, Fault::new(Code::DuplicateKey, message));
                }
                Ok(filter) => found.push(filter),
                Err(fault) => self.refuse(&name, fault),
            }
        }
        found
    }

    /// Converts filters to conditions. `contained` returns the object that a matching row contains.
    pub fn key_conditions(
        &mut self,
        field: &'static Field,
        filters: Vec<KeyFilter>,
        contained: impl Fn(&KeyFilter) -> Result<serde_json::Value, Fault>,
    ) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for filter in filters {
            // An unknown key is an error with every operator.
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

/// Parses one filter. `rest` is the name of the parameter after the name of the field.
fn key_filter(field: &Field, rest: &str, sent: (&str, &str)) -> Result<KeyFilter, Fault> {
    let (parameter, value) = sent;
    if parameter.contains('\0') || value.contains('\0') {
        let message =
            "This contains the character U+0000, which no stored value contains. Remove it.";
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
