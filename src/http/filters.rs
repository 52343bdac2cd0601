//! Fields that lists have in common.

use crate::db::listing::{Field, Kind, Operator};

/// How many rows of a table that only grows are counted.
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
/// The operators of an identifier that can be missing.
pub const NULLABLE: &[Operator] = &[Operator::Eq, Operator::NotEq, Operator::IsNull];
/// The operators of a name that can be missing.
pub const MATCHING_OR_NULL: &[Operator] = &[
    Operator::Eq,
    Operator::NotEq,
    Operator::Like,
    Operator::Ilike,
    Operator::IsNull,
];
/// The operators of one of several words that can be missing.
pub const ONE_OR_NULL: &[Operator] = &[
    Operator::Eq,
    Operator::NotEq,
    Operator::In,
    Operator::NotIn,
    Operator::IsNull,
];
/// The operators of a moment.
pub const ORDER: &[Operator] = &[
    Operator::Eq,
    Operator::NotEq,
    Operator::Gt,
    Operator::Gte,
    Operator::Lt,
    Operator::Lte,
];

/// An identifier: no list is sorted by it.
pub const fn id(name: &'static str, column: &'static str, operators: &'static [Operator]) -> Field {
    Field {
        name,
        column,
        kind: Kind::Uuid,
        operators,
        sortable: false,
    }
}

/// Text that can be missing: no list is sorted by it.
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

/// An object of values by keys that the caller names.
pub const fn object(name: &'static str, column: &'static str) -> Field {
    Field {
        name,
        column,
        kind: Kind::Object,
        operators: NULLABLE,
        sortable: false,
    }
}

/// Text that is always there.
pub const fn name(name: &'static str, column: &'static str) -> Field {
    Field {
        name,
        column,
        kind: Kind::Text,
        operators: MATCHING,
        sortable: true,
    }
}

/// A moment that is always there.
pub const fn moment(name: &'static str, column: &'static str) -> Field {
    Field {
        name,
        column,
        kind: Kind::Moment,
        operators: ORDER,
        sortable: true,
    }
}
