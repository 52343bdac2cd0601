//! A list and what is answered of it.

use serde::Serialize;
use uuid::Uuid;

use super::{Cursor, ListQuery, Problem};
use crate::db::listing::{Listed, Listing, Slice};
use crate::db::{Database, Deadline, Session};

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct PageView<T> {
    data: Vec<T>,
    pagination: Pagination,
}

/// Where a page stands.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Pagination {
    Page {
        page: u32,
        limit: u32,
        count: i64,
    },
    Cursor {
        limit: u32,
        next_cursor: Option<String>,
    },
}

impl<T> PageView<T> {
    /// A page of rows, each as `view` shows it.
    ///
    /// # Errors
    /// Those of `view`.
    pub fn new(
        listed: Listed,
        query: &ListQuery,
        view: impl Fn(serde_json::Value) -> Result<T, serde_json::Error>,
    ) -> Result<Self, Problem> {
        let data = listed.rows.into_iter().map(view);
        let pagination = match &query.slice {
            Slice::Page { page, limit } => Pagination::Page {
                page: *page,
                limit: *limit,
                count: listed.count.unwrap_or_default(),
            },
            Slice::After { limit, .. } => Pagination::Cursor {
                limit: *limit,
                next_cursor: listed.next.map(|place| {
                    let digest = query.digest;
                    Cursor { place, digest }.to_string()
                }),
            },
        };
        Ok(Self {
            data: data.collect::<Result<_, _>>().map_err(Problem::Corrupt)?,
            pagination,
        })
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
) -> Result<Listed, Problem> {
    let query = query.clone();
    let read = async move |mut session: Session| {
        session
            .read(|connection| {
                let query = query.clone();
                Box::pin(async move {
                    let (conditions, sort) = (&query.conditions, &query.sort);
                    let slice = &query.slice;
                    listing
                        .read(connection, workspace_id, conditions, sort, slice)
                        .await
                })
            })
            .await
    };
    Ok(database.unit(deadline, read).await?)
}
