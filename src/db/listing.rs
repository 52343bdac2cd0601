//! Filtered, sorted pages of one table, over columns that the caller's code names.
//!
//! Nothing that a client sent becomes SQL text: fields come from an allow-list, values are bound.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

/// What a list reads.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// The table, with `c` as its alias; it has the columns `workspace_id` and `id`.
    pub table: &'static str,
    /// What always holds, as SQL over `c`, or `true`.
    pub always: &'static str,
    /// What a row answers: JSON, as SQL over `c`.
    pub row: &'static str,
    /// How many rows are counted at the most, of a table that only grows; without it, all.
    pub counted: Option<i64>,
    /// What orders rows that are the same otherwise: the identifier of the table.
    pub identifier: &'static str,
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

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Uuid,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A moment; its column keeps milliseconds.
    Moment,
    /// A day of the calendar.
    Day,
    /// A country code, upper case.
    Country,
    Boolean,
    /// Names of what the row has: SQL that says whether it has one, before and after the name,
    /// which stands in both gaps.
    Names(&'static [&'static str; 3]),
    /// A key of another table, of whose row the column has the id: SQL that selects the id, up to the key, which
    /// is compared behind it. The workspace is `$1`, so that the id is looked up once and not for each row.
    Key(&'static str),
    /// An object of values by keys that the caller names (`field.KEY`).
    Object,
}

/// A field that a list can be filtered and sorted by.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// As the client calls it.
    pub name: &'static str,
    /// SQL over `c`.
    pub column: &'static str,
    pub kind: Kind,
    /// The first is the default.
    pub operators: &'static [Operator],
    /// Whether a list can be sorted by it; its column is never null.
    pub sortable: bool,
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
    /// A member of the column, and whether it has no value.
    Member(String, bool),
}

/// One condition; all of them hold.
#[derive(Debug, Clone)]
pub struct Condition {
    pub field: &'static Field,
    pub operator: Operator,
    pub operand: Operand,
}

/// One key of the order.
#[derive(Debug, Clone, Copy)]
pub struct Sort {
    pub field: &'static Field,
    pub descending: bool,
}

/// Which of the rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slice {
    /// Pages with numbers, of which the first is 1, and a count of all rows.
    Page { page: u32, limit: u32 },
    /// Those that come after a place in the order of creation.
    After { place: Option<Place>, limit: u32 },
}

/// A place in the order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub created_at: DateTime<Utc>,
    pub id: Uuid,
}

/// What was read.
#[derive(Debug)]
pub struct Listed {
    pub rows: Vec<Value>,
    /// How many there are in all, of pages.
    pub count: Option<i64>,
    /// Where the next rows begin, if there are more, of a cursor.
    pub next: Option<Place>,
}

impl Listing {
    /// Reads a slice with one statement, and counts with another where pages are asked for.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read(
        &self,
        connection: &mut PgConnection,
        workspace_id: Uuid,
        conditions: &[Condition],
        sort: &[Sort],
        slice: &Slice,
    ) -> Result<Listed, sqlx::Error> {
        let count = match slice {
            Slice::Page { .. } => {
                let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT");
                self.matching(&mut query, workspace_id, conditions);
                // No limit, where there is none.
                query
                    .push(" LIMIT ")
                    .push_bind(self.counted)
                    .push(") AS counted");
                Some(
                    query
                        .build_query_scalar()
                        .persistent(false)
                        .fetch_one(&mut *connection)
                        .await?,
                )
            }
            Slice::After { .. } => None,
        };
        let mut query = self.page(workspace_id, conditions, sort, slice);
        // There are more questions than a connection should remember.
        let rows = query.build().persistent(false).fetch_all(connection);
        let mut rows = rows.await?;
        let mut next = None;
        if let Slice::After { limit, .. } = slice
            && rows.len() > usize::try_from(*limit).unwrap_or(usize::MAX)
        {
            rows.pop();
            if let Some(last) = rows.last() {
                next = Some(Place {
                    created_at: last.try_get("created_at")?,
                    id: last.try_get("id")?,
                });
            }
        }
        let rows = rows.iter().map(|row| row.try_get("row"));
        Ok(Listed {
            rows: rows.collect::<Result<_, _>>()?,
            count,
            next,
        })
    }

    /// The statement that reads a slice. A row's JSON is made for the rows of the slice alone.
    pub fn page(
        &self,
        workspace_id: Uuid,
        conditions: &[Condition],
        sort: &[Sort],
        slice: &Slice,
    ) -> QueryBuilder<Postgres> {
        let with_place = matches!(slice, Slice::After { .. });
        let mut query = QueryBuilder::new("SELECT ");
        query.push(self.row).push(" AS row");
        if with_place {
            query.push(", c.created_at, c.id");
        }
        query.push(" FROM (SELECT c.*");
        self.matching(&mut query, workspace_id, conditions);
        if let Slice::After {
            place: Some(place), ..
        } = slice
        {
            let descending = sort.first().is_some_and(|it| it.descending);
            let beyond = if descending { " < (" } else { " > (" };
            query.push(" AND (c.created_at, c.id)").push(beyond);
            query.push_bind(place.created_at).push(", ");
            query.push_bind(place.id).push(")");
        }
        self.order(&mut query, sort);
        query.push(" LIMIT ");
        match slice {
            Slice::Page { page, limit } => {
                query.push_bind(i64::from(*limit)).push(" OFFSET ");
                query.push_bind(i64::from(page.saturating_sub(1)) * i64::from(*limit));
            }
            // One more than is asked for tells whether there are more.
            Slice::After { limit, .. } => {
                query.push_bind(i64::from(*limit) + 1);
            }
        }
        query.push(") AS c");
        self.order(&mut query, sort);
        query
    }

    fn order(&self, query: &mut QueryBuilder<Postgres>, sort: &[Sort]) {
        query.push(" ORDER BY ");
        for key in sort {
            query.push(key.field.column);
            query.push(if key.descending { " DESC, " } else { ", " });
        }
        query.push("c.").push(self.identifier);
        if sort.first().is_some_and(|it| it.descending) {
            query.push(" DESC");
        }
    }

    fn matching(
        &self,
        query: &mut QueryBuilder<Postgres>,
        workspace_id: Uuid,
        conditions: &[Condition],
    ) {
        query
            .push(" FROM ")
            .push(self.table)
            .push(" AS c WHERE c.workspace_id = ");
        query
            .push_bind(workspace_id)
            .push(" AND ")
            .push(self.always);
        for condition in conditions {
            query.push(" AND ");
            condition.push(query);
        }
    }
}

impl Condition {
    fn push(&self, query: &mut QueryBuilder<Postgres>) {
        let column = self.field.column;
        match (self.operator, &self.operand) {
            (Operator::IsNull, Operand::Boolean(is_null)) => {
                query.push(column).push(is_null_sql(*is_null));
            }
            (_, Operand::Member(key, is_null)) => {
                query.push("(").push(column).push(" ->> ");
                query.push_bind(key.clone()).push(")");
                query.push(is_null_sql(*is_null));
            }
            (operator, Operand::Contained(object)) => {
                query.push("(").push(column).push(" @> ");
                query.push_bind(object.clone()).push(")");
                query.push(operator.unless_holds());
            }
            (operator, Operand::Text(key)) if let Kind::Key(id) = self.field.kind => {
                query.push("(").push(column).push(" = (").push(id);
                query.push(" = ").push_bind(key.clone()).push("))");
                query.push(operator.unless_holds());
            }
            (operator, Operand::Texts(keys)) if let Kind::Key(id) = self.field.kind => {
                query.push("(").push(column).push(" = ANY (ARRAY(").push(id);
                query.push(" = ANY (").push_bind(keys.clone()).push("))))");
                query.push(operator.unless_holds());
            }
            (Operator::In | Operator::NotIn, Operand::Texts(texts)) => {
                query.push("(").push(column).push(" = ANY (");
                query.push_bind(texts.clone()).push("))");
                query.push(self.operator.unless_holds());
            }
            (operator, Operand::Texts(names)) => self.push_names(query, operator, names),
            (operator, operand) => {
                query.push(column).push(operator.sql());
                operand.push(query);
            }
        }
    }

    /// Whether the row has all of some names, not all of them, or one of them.
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

impl Operator {
    /// As it is written behind the name of a field.
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

    /// The operator that is written so, of whatever fields.
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

    /// What follows a comparison: of the negative operators it must not hold, which is so too where there is no value.
    fn unless_holds(self) -> &'static str {
        match self {
            Self::NotEq | Self::NotIn => " IS NOT TRUE",
            _ => "",
        }
    }

    /// The comparison with one value. What has no value is unequal to every value.
    fn sql(self) -> &'static str {
        match self {
            Self::NotEq => " IS DISTINCT FROM ",
            Self::Like => " LIKE ",
            Self::Ilike => " ILIKE ",
            Self::Gt => " > ",
            Self::Gte => " >= ",
            Self::Lt => " < ",
            Self::Lte => " <= ",
            Self::Eq
            | Self::In
            | Self::NotIn
            | Self::ArrayContains
            | Self::ArrayNotContains
            | Self::ArrayOverlap
            | Self::IsNull => " = ",
        }
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
            Self::Member(key, _) => query.push_bind(key.clone()),
        };
    }
}

fn is_null_sql(is_null: bool) -> &'static str {
    if is_null { " IS NULL" } else { " IS NOT NULL" }
}
