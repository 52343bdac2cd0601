//! Fields and operators that several lists use.

use crate::db::listing::{Field, Kind, Operator};

/// Maximum count of the rows of a table that only grows.
pub const COUNTED: i64 = 100_000;
/// The operators of an identifier.
pub const EQUALITY: &[Operator] = &[Operator::Eq, Operator::NotEq];
/// The operators of a name.
pub const MATCHING: &[Operator] = &[
    Operator::Eq,
    Operator::NotEq,
    Operator::Like,
    Operator::Ilike,
];
/// The operators of an optional identifier.
pub const NULLABLE: &[Operator] = &[Operator::Eq, Operator::NotEq, Operator::IsNull];
/// The operators of an optional name.
pub const MATCHING_OR_NULL: &[Operator] = &[
    Operator::Eq,
    Operator::NotEq,
    Operator::Like,
    Operator::Ilike,
    Operator::IsNull,
];
/// The operators of an optional enum value.
pub const ONE_OR_NULL: &[Operator] = &[
    Operator::Eq,
    Operator::NotEq,
    Operator::In,
    Operator::NotIn,
    Operator::IsNull,
];
/// The operators of a time.
pub const ORDER: &[Operator] = &[
    Operator::Eq,
    Operator::NotEq,
    Operator::Gt,
    Operator::Gte,
    Operator::Lt,
    Operator::Lte,
];

/// An identifier. Not sortable.
pub const fn id(name: &'static str, column: &'static str, operators: &'static [Operator]) -> Field {
    Field {
        name,
        column,
        kind: Kind::Uuid,
        operators,
        sortable: false,
    }
}

/// A string. Not sortable.
pub const fn text(
    name: &'static str,
    column: &'static str,
    operators: &'static [Operator],
) -> Field {
    Field {
        name,
        column,
        kind: Kind::Text,
        operators,
        sortable: false,
    }
}

/// An object whose keys the client chooses.
pub const fn object(name: &'static str, column: &'static str) -> Field {
    Field {
        name,
        column,
        kind: Kind::Object,
        operators: NULLABLE,
        sortable: false,
    }
}

/// A required string.
pub const fn name(name: &'static str, column: &'static str) -> Field {
    Field {
        name,
        column,
        kind: Kind::Text,
        operators: MATCHING,
        sortable: true,
    }
}

/// A required time.
pub const fn moment(name: &'static str, column: &'static str) -> Field {
    Field {
        name,
        column,
        kind: Kind::Moment,
        operators: ORDER,
        sortable: true,
    }
}
