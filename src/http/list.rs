//! A list and what is answered of it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Cursor, ListQuery, Problem};
use crate::db::listing::{ListPage, Listing, Slice};
use crate::db::{Database, Deadline};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageView<T> {
    /// The rows.
    data: Vec<T>,
    /// Where the page stands.
    pagination: Pagination,
}

/// Where a page stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
enum Pagination {
    /// Of pages with numbers.
    Page {
        /// The number of this page.
        page: u32,
        /// How many rows a page has.
        limit: u32,
        /// How many rows there are in all.
        count: i64,
    },
    /// Of a walk with `cursor`.
    Cursor {
        /// How many rows a page has.
        limit: u32,
        /// The `cursor` of the next page; `null` on the last.
        #[schema(required)]
        next_cursor: Option<String>,
    },
}

impl<T> PageView<T> {
    /// A page of rows, each as `read` makes it.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn new(
        listed: ListPage,
        query: &ListQuery,
        read: impl Fn(serde_json::Value) -> Result<T, serde_json::Error>,
    ) -> Result<Self, Problem> {
        let data = listed.rows.into_iter().map(read);
        let pagination = match &query.slice {
            Slice::Page { page, limit } => Pagination::Page {
                page: *page,
                limit: *limit,
                count: listed.count.unwrap_or_default(),
            },
            Slice::After { limit, .. } => Pagination::Cursor {
                limit: *limit,
                next_cursor: listed.next.map(|position| {
                    let digest = query.digest;
                    Cursor { position, digest }.to_string()
                }),
            },
        };
        Ok(Self {
            data: data.collect::<Result<_, _>>().map_err(Problem::Encode)?,
            pagination,
        })
    }
}

impl<T> PageView<T> {
    /// The same page, each of its rows as it is answered.
    pub fn view<'p, V>(&'p self, view: impl Fn(&'p T) -> V) -> PageView<V> {
        PageView {
            data: self.data.iter().map(view).collect(),
            pagination: self.pagination.clone(),
        }
    }
}

/// Reads a list.
///
/// # Errors
/// What the database can have.
pub async fn list(
    database: &Database,
    deadline: Deadline,
    listing: &'static Listing,
    workspace_id: Uuid,
    query: &ListQuery,
) -> Result<ListPage, Problem> {
    let asked = (workspace_id, query.clone());
    let read = database.read(deadline, asked, move |connection, asked| {
        Box::pin(async move {
            let (workspace_id, query) = &*asked;
            let (conditions, sort) = (&query.conditions, &query.sort);
            let slice = &query.slice;
            listing
                .read(connection, *workspace_id, conditions, sort, slice)
                .await
        })
    });
    Ok(read.await?)
}
