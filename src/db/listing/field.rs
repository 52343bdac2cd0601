//! The fields of a list, which form the allow-list for filters and sorting.

/// A field that a list can be filtered and sorted by.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The name that the client sends.
    pub name: &'static str,
    /// SQL over `c`.
    pub column: &'static str,
    pub kind: Kind,
    /// The first is the default.
    pub operators: &'static [Operator],
    /// Whether a list can be sorted by it. The column of a sortable field is never null.
    pub sortable: bool,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Uuid,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A time; its column has milliseconds.
    Moment,
    /// A calendar date.
    Day,
    /// A country code in upper case.
    Country,
    Boolean,
    /// Names of related rows: three parts of the SQL that tests whether the row has one. The name is bound twice,
    /// between the first and the second part and between the second and the third.
    Names(&'static [&'static str; 3]),
    /// A key of another table, whose id the column has: the SQL that selects the id, up to the comparison with the
    /// key. It uses the workspace as `$1`, so that the id is looked up once and not for each row.
    Key(&'static str),
    /// An object of values by keys that the client names (`field.KEY`).
    Object,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Eq,
    NotEq,
    Like,
    Ilike,
    In,
    NotIn,
    Gt,
    Gte,
    Lt,
    Lte,
    ArrayContains,
    ArrayNotContains,
    ArrayOverlap,
    /// Whether there is no value.
    IsNull,
}

impl Operator {
    /// Returns the suffix in a parameter name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::NotEq => "not_eq",
            Self::Like => "like",
            Self::Ilike => "ilike",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::ArrayContains => "array_contains",
            Self::ArrayNotContains => "array_not_contains",
            Self::ArrayOverlap => "array_overlap",
            Self::IsNull => "is_null",
        }
    }

    /// Returns the operator with this suffix.
    pub fn named(word: &str) -> Option<Self> {
        let all = [
            Self::Eq,
            Self::NotEq,
            Self::Like,
            Self::Ilike,
            Self::In,
            Self::NotIn,
            Self::Gt,
            Self::Gte,
            Self::Lt,
            Self::Lte,
            Self::ArrayContains,
            Self::ArrayNotContains,
            Self::ArrayOverlap,
            Self::IsNull,
        ];
        all.into_iter().find(|it| it.as_str() == word)
    }
}
