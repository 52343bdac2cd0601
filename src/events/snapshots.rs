//! What an event shows.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::http::Problem;

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Case,
    Company(Uuid),
    Individual(Uuid),
}

/// What an event shows, as it was when the event happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    pub subject: Value,
    /// The case around a company or an individual.
    pub case_context: Option<Value>,
}

/// How an event's snapshot is read. The features whose answers it shows stand above this room.
pub trait Snapshots: Debug + Send + Sync {
    /// Reads a part of a locked case, or the case itself.
    ///
    /// # Errors
    /// Those of the database.
    fn subject<'c>(
        &'c self,
        connection: &'c mut PgConnection,
        workspace_id: Uuid,
        case_id: Uuid,
        subject: Subject,
    ) -> BoxFuture<'c, Result<Value, Problem>>;

    /// Reads what an event about a part of a case says of the case.
    ///
    /// # Errors
    /// Those of the database.
    fn case_context<'c>(
        &'c self,
        connection: &'c mut PgConnection,
        workspace_id: Uuid,
        case_id: Uuid,
    ) -> BoxFuture<'c, Result<Value, Problem>>;
}

impl Subject {
    /// The company that it is, if it is one.
    pub fn company(self) -> Option<Uuid> {
        match self {
            Self::Company(id) => Some(id),
            Self::Case | Self::Individual(_) => None,
        }
    }

    /// The individual that it is, if it is one.
    pub fn individual(self) -> Option<Uuid> {
        match self {
            Self::Individual(id) => Some(id),
            Self::Case | Self::Company(_) => None,
        }
    }
}
