//! Filtered and sorted pages of one table.
//!
//! No client input becomes SQL text: fields come from an allow-list, and values are bound.

mod condition;
mod field;

pub use condition::{Condition, Operand};
pub use field::{Field, Kind, Operator};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

/// The table and the columns of a list.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// The table, with the alias `c`. It has the columns `workspace_id` and `id`.
    pub table: &'static str,
    /// A condition for every request, as SQL over `c`, or `true`.
    pub base_condition: &'static str,
    /// The JSON of a row, as SQL over `c`.
    pub row: &'static str,
    /// The highest count, for a table that only grows; `None` counts all rows.
    pub count_limit: Option<i64>,
    /// The last sort key, which makes the order total: the identifier of the table.
    pub identifier: &'static str,
}

/// One sort key.
#[derive(Debug, Clone, Copy)]
pub struct Sort {
    pub field: &'static Field,
    pub descending: bool,
}

/// The rows to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slice {
    /// A numbered page, the first is 1, with a count of all rows.
    Page { page: u32, limit: u32 },
    /// The rows after a position in the order of creation; `None` is the start.
    After {
        position: Option<CursorPosition>,
        limit: u32,
    },
}

/// A position in the order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorPosition {
    pub created_at: DateTime<Utc>,
    pub id: Uuid,
}

/// The rows of a slice.
#[derive(Debug)]
pub struct ListPage {
    pub rows: Vec<Value>,
    /// The number of all matching rows, only for [`Slice::Page`].
    pub count: Option<i64>,
    /// The position of the last row if more rows follow, only for [`Slice::After`].
    pub next: Option<CursorPosition>,
}

impl Listing {
    /// Reads a slice with one statement. A numbered page needs a second statement to count.
    ///
    /// # Errors
    /// Returns the error of a statement, or of decoding its rows.
    pub async fn read(
        &self,
        connection: &mut PgConnection,
        workspace_id: Uuid,
        conditions: &[Condition],
        sort: &[Sort],
        slice: &Slice,
    ) -> Result<ListPage, sqlx::Error> {
        let count = match slice {
            Slice::Page { .. } => {
                let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT");
                self.push_matching(&mut query, workspace_id, conditions);
                // LIMIT NULL is no limit.
                query
                    .push(" LIMIT ")
                    .push_bind(self.count_limit)
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
        // Not prepared: the combinations of filters would fill the statement cache of the connection.
        let rows = query.build().persistent(false).fetch_all(connection);
        let mut rows = rows.await?;
        let mut next = None;
        if let Slice::After { limit, .. } = slice
            && rows.len() > usize::try_from(*limit).unwrap_or(usize::MAX)
        {
            rows.pop();
            if let Some(last) = rows.last() {
                next = Some(CursorPosition {
                    created_at: last.try_get("created_at")?,
                    id: last.try_get("id")?,
                });
            }
        }
        let rows = rows.iter().map(|row| row.try_get("row"));
        Ok(ListPage {
            rows: rows.collect::<Result<_, _>>()?,
            count,
            next,
        })
    }

    /// Builds the statement that reads a slice. It makes JSON of only the rows of the slice.
    pub fn page(
        &self,
        workspace_id: Uuid,
        conditions: &[Condition],
        sort: &[Sort],
        slice: &Slice,
    ) -> QueryBuilder<Postgres> {
        let with_position = matches!(slice, Slice::After { .. });
        let mut query = QueryBuilder::new("SELECT ");
        query.push(self.row).push(" AS row");
        if with_position {
            query.push(", c.created_at, c.id");
        }
        query.push(" FROM (SELECT c.*");
        self.push_matching(&mut query, workspace_id, conditions);
        if let Slice::After {
            position: Some(position),
            ..
        } = slice
        {
            let descending = sort.first().is_some_and(|it| it.descending);
            let beyond = if descending { " < (" } else { " > (" };
            query.push(" AND (c.created_at, c.id)").push(beyond);
            query.push_bind(position.created_at).push(", ");
            query.push_bind(position.id).push(")");
        }
        self.push_order(&mut query, sort);
        query.push(" LIMIT ");
        match slice {
            Slice::Page { page, limit } => {
                query.push_bind(i64::from(*limit)).push(" OFFSET ");
                query.push_bind(i64::from(page.saturating_sub(1)) * i64::from(*limit));
            }
            // One more row shows whether more rows follow.
            Slice::After { limit, .. } => {
                query.push_bind(i64::from(*limit) + 1);
            }
        }
        query.push(") AS c");
        self.push_order(&mut query, sort);
        query
    }

    fn push_order(&self, query: &mut QueryBuilder<Postgres>, sort: &[Sort]) {
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

    fn push_matching(
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
            .push(self.base_condition);
        for condition in conditions {
            query.push(" AND ");
            condition.push(query);
        }
    }
}
