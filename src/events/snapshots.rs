//! The payload of an event.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::http::Problem;

/// The resource that a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Case,
    Company(Uuid),
    Individual(Uuid),
}

/// The state of the subject in the transaction of the change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    pub subject: Value,
    /// The case of a company or an individual.
    pub case_context: Option<Value>,
}

/// Reads the snapshots of events. A trait, because a snapshot is the response of a feature that depends on this module.
pub trait Snapshots: Debug + Send + Sync {
    /// Reads the subject from a locked case.
    ///
    /// # Errors
    /// Returns [`Problem`] if the subject cannot be read or serialized.
    fn subject<'c>(
        &'c self,
        connection: &'c mut PgConnection,
        workspace_id: Uuid,
        case_id: Uuid,
        subject: Subject,
    ) -> BoxFuture<'c, Result<Value, Problem>>;

    /// Reads the case in the form that events about its companies and individuals contain.
    ///
    /// # Errors
    /// Returns [`Problem`] if the case cannot be read or serialized.
    fn case_context<'c>(
        &'c self,
        connection: &'c mut PgConnection,
        workspace_id: Uuid,
        case_id: Uuid,
    ) -> BoxFuture<'c, Result<Value, Problem>>;
}

impl Subject {
    /// The id of the company, if the subject is one.
    pub fn company(self) -> Option<Uuid> {
        match self {
            Self::Company(id) => Some(id),
            Self::Case | Self::Individual(_) => None,
        }
    }

    /// The id of the individual, if the subject is one.
    pub fn individual(self) -> Option<Uuid> {
        match self {
            Self::Individual(id) => Some(id),
            Self::Case | Self::Company(_) => None,
        }
    }
}
