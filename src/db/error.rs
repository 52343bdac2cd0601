//! Errors of the database.

use sqlx::postgres::PgDatabaseError;
use thiserror::Error;

/// Why a unit of work failed.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// Nothing was written: no connection can be opened, or the database does not respond.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Option<sqlx::Error>),
    /// Nothing was written: other requests used all connections, or all writers of a group commit, until the timeout.
    #[error("all connections to the database are in use")]
    Exhausted,
    /// Nothing was written: the database responds, but the work did not end before the deadline of the request (57014
    /// if PostgreSQL cancelled a statement).
    #[error("the database did not finish in time")]
    TimedOut(#[source] Option<sqlx::Error>),
    /// Nothing was written: PostgreSQL has no disk space, memory or connections left (class 53).
    #[error("the database has no resources left")]
    OutOfResources(#[source] Option<sqlx::Error>),
    /// A write was sent, and no response arrived.
    #[error("the outcome of a write is not known")]
    OutcomeUnknown(#[source] Option<sqlx::Error>),
    /// Nothing was written: the database is read-only at the moment. With an error, PostgreSQL refused a statement
    /// (25006) of a session that could write before, and another connection may reach a server that can. Without an
    /// error, no session can write.
    #[error("the database is read-only at the moment")]
    ReadOnly(#[source] Option<sqlx::Error>),
    /// Another transaction held a lock until the lock timeout (55P03).
    #[error("another transaction holds a lock that this one needs")]
    Locked(#[source] sqlx::Error),
    /// PostgreSQL refused a statement.
    #[error("the database refused a statement")]
    Refused(#[source] sqlx::Error),
    /// The unit of work panicked.
    #[error("a unit of work panicked")]
    Ended(#[source] tokio::task::JoinError),
}

impl DatabaseError {
    /// Whether nothing was written and the same work may succeed later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable(_)
            | Self::Exhausted
            | Self::TimedOut(_)
            | Self::OutOfResources(_)
            | Self::ReadOnly(_) => true,
            Self::OutcomeUnknown(_) | Self::Locked(_) | Self::Refused(_) | Self::Ended(_) => false,
        }
    }

    /// Returns the name of the constraint that a write violated.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Refused(sqlx::Error::Database(error)) => error.constraint(),
            _ => None,
        }
    }

    /// Whether a write timed out waiting for an uncommitted transaction with the same key of a unique constraint.
    pub fn is_waiting_for(&self, constraint: &str) -> bool {
        let Self::Locked(sqlx::Error::Database(error)) = self else {
            return false;
        };
        let error = error.try_downcast_ref::<PgDatabaseError>();
        error
            .and_then(PgDatabaseError::r#where)
            .is_some_and(|context| context.contains(&format!("\"{constraint}\"")))
    }

    /// Whether PostgreSQL cancelled the statement because of concurrent ones: a deadlock (40P01) or a serialization
    /// failure (40001). A retry may succeed.
    pub fn is_deadlock(&self) -> bool {
        matches!(self, Self::Refused(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("40P01" | "40001")))
    }

    /// Whether the statement names a missing table (42P01) or column (42703), so the schema is not that of this server.
    pub fn is_schema_mismatch(&self) -> bool {
        matches!(self, Self::Refused(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("42P01" | "42703")))
    }
}
