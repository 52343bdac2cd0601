//! Reading a list, and its response.

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
    /// The position of the page.
    pagination: Pagination,
}

/// The position of a page.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
enum Pagination {
    /// With page numbers.
    Page {
        /// The number of this page.
        page: u32,
        /// The maximum number of rows of a page.
        limit: u32,
        /// The total number of rows.
        count: i64,
    },
    /// With `cursor`.
    Cursor {
        /// The maximum number of rows of a page.
        limit: u32,
        /// The `cursor` of the next page. `null` on the last page.
        #[schema(required)]
        next_cursor: Option<String>,
    },
}

impl<T> PageView<T> {
    /// Creates a page. Decodes each row with `read`.
    ///
    /// # Errors
    /// Returns [`Problem::Decode`] if `read` fails.
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
            data: data.collect::<Result<_, _>>().map_err(Problem::Decode)?,
            pagination,
        })
    }
}

impl<T> PageView<T> {
    /// Returns the page with a view of each row.
    pub fn view<'p, V>(&'p self, view: impl Fn(&'p T) -> V) -> PageView<V> {
        PageView {
            data: self.data.iter().map(view).collect(),
            pagination: self.pagination.clone(),
        }
    }
}

/// Reads a page of a list.
///
/// # Errors
/// Returns [`Problem::Database`] if the database is unavailable or a statement fails.
pub async fn list(
    database: &Database,
    deadline: Deadline,
    listing: &'static Listing,
    workspace_id: Uuid,
    query: &ListQuery,
) -> Result<ListPage, Problem> {
    let input = (workspace_id, query.clone());
    let read = database.read(deadline, input, move |connection, input| {
        Box::pin(async move {
            let (workspace_id, query) = &*input;
            let (conditions, sort) = (&query.conditions, &query.sort);
            let slice = &query.slice;
            listing
                .read(connection, *workspace_id, conditions, sort, slice)
                .await
        })
    });
    Ok(read.await?)
}
