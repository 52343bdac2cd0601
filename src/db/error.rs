//! Why the database did not do its part.

use sqlx::postgres::PgDatabaseError;
use thiserror::Error;

/// Why a unit of work has no result.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// Nothing was written: no connection can be opened, or the database answers nobody.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Option<sqlx::Error>),
    /// Nothing was written: other requests have all connections, or all writers, and did not end in time.
    #[error("all connections to the database are in use")]
    Exhausted,
    /// Nothing was written: the database answers, and did not finish this before the deadline of its
    /// request (57014 where it cancelled a statement).
    #[error("the database did not finish in time")]
    TimedOut(#[source] Option<sqlx::Error>),
    /// Nothing was written: the database has no disk space, memory or connections left (class 53).
    #[error("the database has no resources left")]
    OutOfResources(#[source] Option<sqlx::Error>),
    /// A write was sent and no answer came.
    #[error("the outcome of a write is not known")]
    OutcomeUnknown(#[source] Option<sqlx::Error>),
    /// Nothing was written: the database is read-only at the moment. With an error, a session that could write
    /// before was refused a statement (25006), and another connection may lead to a server that can; without
    /// one, there is none.
    #[error("the database is read-only at the moment")]
    ReadOnly(#[source] Option<sqlx::Error>),
    /// Another transaction holds what this one needs, and did not end in time.
    #[error("another transaction holds what this one needs")]
    Locked(#[source] sqlx::Error),
    /// The database refused a statement.
    #[error("the database refused a statement")]
    Refused(#[source] sqlx::Error),
    /// The unit of work panicked.
    #[error("a unit of work ended early")]
    Ended(#[source] tokio::task::JoinError),
}

impl DatabaseError {
    /// Whether nothing was written, and the same may succeed later: the fault is not in what was sent.
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

    /// The named constraint that refused a write, if one did.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Refused(sqlx::Error::Database(error)) => error.constraint(),
            _ => None,
        }
    }

    /// Whether a write gave up waiting for another transaction that has the same key of a unique
    /// constraint, which has not committed yet.
    pub fn is_waiting_for(&self, constraint: &str) -> bool {
        let Self::Locked(sqlx::Error::Database(error)) = self else {
            return false;
        };
        let error = error.try_downcast_ref::<PgDatabaseError>();
        error
            .and_then(PgDatabaseError::r#where)
            .is_some_and(|place| place.contains(&format!("\"{constraint}\"")))
    }

    /// Whether it lost against others that ran at the same time (40P01, 40001), so that the same
    /// statement may succeed now.
    pub fn is_deadlock(&self) -> bool {
        matches!(self, Self::Refused(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("40P01" | "40001")))
    }

    /// Whether the schema lacks what the statement names (42P01, 42703): it is not that of this server.
    pub fn is_of_another_schema(&self) -> bool {
        matches!(self, Self::Refused(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("42P01" | "42703")))
    }
}
