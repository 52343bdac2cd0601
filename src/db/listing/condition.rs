//! The conditions of a list and their SQL.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::field::{Field, Kind, Operator};

/// One condition. A list returns the rows for which all conditions hold.
#[derive(Debug, Clone)]
pub struct Condition {
    pub field: &'static Field,
    pub operator: Operator,
    pub operand: Operand,
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Text(String),
    Texts(Vec<String>),
    Uuid(Uuid),
    Moment(DateTime<Utc>),
    Day(NaiveDate),
    Boolean(bool),
    /// An object that the column must contain.
    Contained(Value),
    /// A key of the object in the column, and whether it must have no value.
    KeyIsNull(String, bool),
}

impl Condition {
    /// Appends the SQL of the condition.
    pub(super) fn push(&self, query: &mut QueryBuilder<Postgres>) {
        let column = self.field.column;
        match (self.operator, &self.operand) {
            (Operator::IsNull, Operand::Boolean(is_null)) => {
                query.push(column).push(null_test(*is_null));
            }
            (_, Operand::KeyIsNull(key, is_null)) => {
                query.push("(").push(column).push(" ->> ");
                query.push_bind(key.clone()).push(")");
                query.push(null_test(*is_null));
            }
            (operator, Operand::Contained(object)) => {
                query.push("(").push(column).push(" @> ");
                query.push_bind(object.clone()).push(")");
                query.push(negation(operator));
            }
            (operator, Operand::Text(key)) if let Kind::Key(id) = self.field.kind => {
                query.push("(").push(column).push(" = (").push(id);
                query.push(" = ").push_bind(key.clone()).push("))");
                query.push(negation(operator));
            }
            (operator, Operand::Texts(keys)) if let Kind::Key(id) = self.field.kind => {
                query.push("(").push(column).push(" = ANY (ARRAY(").push(id);
                query.push(" = ANY (").push_bind(keys.clone()).push("))))");
                query.push(negation(operator));
            }
            (operator @ (Operator::In | Operator::NotIn), Operand::Texts(texts)) => {
                query.push("(").push(column).push(" = ANY (");
                query.push_bind(texts.clone()).push("))");
                query.push(negation(operator));
            }
            (operator, Operand::Texts(names)) => self.push_names(query, operator, names),
            (operator, operand) => {
                query.push(column).push(comparison(operator));
                operand.push(query);
            }
        }
    }

    /// Appends the test whether the row has all names, not all of them, or one of them.
    fn push_names(&self, query: &mut QueryBuilder<Postgres>, operator: Operator, names: &[String]) {
        let Kind::Names([before, between, after]) = self.field.kind else {
            query.push("false");
            return;
        };
        let (not, joint) = match operator {
            Operator::ArrayNotContains => ("NOT ", " AND "),
            Operator::ArrayOverlap => ("", " OR "),
            _ => ("", " AND "),
        };
        query.push(not).push("(");
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                query.push(joint);
            }
            query.push(before).push_bind(name.clone());
            query.push(between).push_bind(name.clone()).push(after);
        }
        query.push(")");
    }
}

impl Operand {
    fn push(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Text(text) => query.push_bind(text.clone()),
            Self::Texts(texts) => query.push_bind(texts.clone()),
            Self::Uuid(id) => query.push_bind(*id),
            Self::Moment(at) => query.push_bind(*at),
            Self::Day(day) => query.push_bind(*day),
            Self::Boolean(value) => query.push_bind(*value),
            Self::Contained(object) => query.push_bind(object.clone()),
            Self::KeyIsNull(key, _) => query.push_bind(key.clone()),
        };
    }
}

/// The suffix that negates a comparison for the negative operators. A row without a value matches them too.
fn negation(operator: Operator) -> &'static str {
    match operator {
        Operator::NotEq | Operator::NotIn => " IS NOT TRUE",
        _ => "",
    }
}

/// The SQL operator for one value. A row without a value is unequal to every value.
fn comparison(operator: Operator) -> &'static str {
    match operator {
        Operator::NotEq => " IS DISTINCT FROM ",
        Operator::Like => " LIKE ",
        Operator::Ilike => " ILIKE ",
        Operator::Gt => " > ",
        Operator::Gte => " >= ",
        Operator::Lt => " < ",
        Operator::Lte => " <= ",
        Operator::Eq
        | Operator::In
        | Operator::NotIn
        | Operator::ArrayContains
        | Operator::ArrayNotContains
        | Operator::ArrayOverlap
        | Operator::IsNull => " = ",
    }
}

fn null_test(is_null: bool) -> &'static str {
    if is_null { " IS NULL" } else { " IS NOT NULL" }
}
