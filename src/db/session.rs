//! The reads and writes of a unit of work.

use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::access::is_read_only;
use super::lease::Lease;
use super::search::is_starting;
use super::{Database, DatabaseError, Deadline};
use crate::traces;

/// The database access of one unit of work, with at most one connection.
#[derive(Debug)]
pub struct Session {
    pub(super) database: Database,
    pub(super) connection: Option<Lease>,
    /// The deadline of the first read, which includes the wait for the connection.
    pub(super) read_by: Option<Instant>,
    pub(super) write_by: Instant,
}

impl Session {
    /// Reads. A lost connection is replaced until the read timeout. After that timeout, a read continues until the
    /// deadline of the request only if the database responds on another connection.
    ///
    /// # Errors
    /// Returns every [`DatabaseError`] except `OutcomeUnknown`: `Unavailable` if the database does not respond,
    /// `TimedOut` at the deadline, and the error of a statement that PostgreSQL refused.
    pub async fn read<T>(
        &mut self,
        work: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        let read_by = self.read_by();
        loop {
            let mut connection = self.take_connection(read_by).await?;
            let mut reading = work(&mut connection).instrument(traces::database("read"));
            let mut read = timeout_at(read_by, &mut reading).await;
            let is_alive = read.is_err() && self.database.is_alive().await;
            if is_alive {
                read = timeout_at(self.write_by, reading).await;
            } else {
                drop(reading);
            }
            match read {
                Ok(Ok(value)) => {
                    self.connection = Some(connection);
                    return Ok(value);
                }
                Ok(Err(error)) if is_lost(&error) || is_recovering(&error, &connection) => {
                    connection.close();
                    if Instant::now() >= read_by {
                        return Err(DatabaseError::Unavailable(Some(error)));
                    }
                }
                Ok(Err(error)) => return Err(self.refused(connection, error)),
                Err(_) => {
                    // A late response may arrive, so this connection must not be used again.
                    connection.close();
                    return Err(if is_alive {
                        DatabaseError::TimedOut(None)
                    } else {
                        DatabaseError::Unavailable(None)
                    });
                }
            }
        }
    }

    /// Acquires a connection if the session has none.
    ///
    /// # Errors
    /// Returns [`DatabaseError::Unavailable`], `Exhausted` or `ReadOnly` if no connection becomes free in time.
    pub async fn connect(&mut self) -> Result<(), DatabaseError> {
        if self.connection.is_none() {
            self.connection = Some(self.database.acquire().await?);
        }
        Ok(())
    }

    /// Returns the connection to the pool if the pool has no idle one and cannot open another.
    pub fn yield_connection(&mut self) {
        let pool = &self.database.pool;
        let are_all_open = pool.size() >= pool.options().get_max_connections();
        if are_all_open && pool.num_idle() == 0 {
            self.connection = None;
        }
    }

    /// Returns the connection to the pool, before long work that needs none.
    pub fn release(&mut self) {
        self.connection = None;
    }

    /// Sets the deadline of the following writes.
    pub fn set_write_deadline(&mut self, deadline: Deadline) {
        self.write_by = deadline.instant();
    }

    /// Returns the deadline of a read that starts now. Every read after the first has the full read timeout.
    pub(super) fn read_by(&mut self) -> Instant {
        let first = self.read_by.take();
        first.unwrap_or_else(|| {
            self.write_by
                .min(Instant::now() + self.database.timeouts().read)
        })
    }

    /// Takes the connection of this session, or acquires one.
    pub(super) async fn take_connection(&mut self, by: Instant) -> Result<Lease, DatabaseError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => match timeout_at(by, self.database.acquire()).await {
                Ok(acquired) => acquired,
                Err(_) => Err(DatabaseError::TimedOut(None)),
            },
        }
    }

    /// Classifies the error of a statement. If the session is read-only, its connection and all older ones are closed.
    pub(super) fn refused(&mut self, connection: Lease, error: sqlx::Error) -> DatabaseError {
        if is_read_only(&error) {
            connection.close();
            self.database.hosts.invalidate_connections();
        } else {
            self.connection = Some(connection);
        }
        refused(error)
    }

    /// Writes with one statement, which PostgreSQL commits completely or not at all.
    ///
    /// # Errors
    /// Returns [`DatabaseError::OutcomeUnknown`] if the connection is lost or no response arrives before the deadline,
    /// `TimedOut` if the deadline has passed before the statement, and every other variant as documented. After
    /// `ReadOnly` with an error, the same statement may succeed on the next connection.
    pub async fn write<T>(
        &mut self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        let mut connection = self.take_writable_connection(self.write_by).await?;
        if Instant::now() >= self.write_by {
            return Err(DatabaseError::TimedOut(None));
        }
        let writing = work(&mut connection).instrument(traces::database("write"));
        match timeout_at(self.write_by, writing).await {
            Ok(Ok(value)) => {
                self.connection = Some(connection);
                Ok(value)
            }
            Ok(Err(error)) if is_lost(&error) => {
                connection.close();
                Err(lost_at_write(error))
            }
            Ok(Err(error)) => Err(self.refused(connection, error)),
            Err(_) => {
                connection.close();
                Err(DatabaseError::OutcomeUnknown(None))
            }
        }
    }
}

/// Whether the connection was lost: class 08, 57P01 to 57P05, and every other error that ends the session.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(error) => {
            let is_of_connection = error
                .code()
                .is_some_and(|code| code.starts_with("08") || code.starts_with("57P"));
            let postgres = error.try_downcast_ref::<PgDatabaseError>();
            let severity = postgres.map(PgDatabaseError::severity);
            is_of_connection || matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic))
        }
        _ => false,
    }
}

/// Classifies the error of a write whose connection was lost. A server that starts or stops (57P03) has not started the
/// write; a server that ends a session (57P01) may have committed it.
pub(super) fn lost_at_write(error: sqlx::Error) -> DatabaseError {
    if is_starting(&error) {
        DatabaseError::Unavailable(Some(error))
    } else {
        DatabaseError::OutcomeUnknown(Some(error))
    }
}

/// Whether a standby cancelled a read because of a change on its primary (40001).
fn is_recovering(error: &sqlx::Error, connection: &Lease) -> bool {
    let code = error.as_database_error().and_then(|it| it.code());
    !connection.can_write() && code.as_deref() == Some("40001")
}

/// Classifies the error of a statement. These statements were rolled back, and a retry may succeed: after a statement
/// timeout (57014), a lock timeout (55P03), a lack of disk space or memory (class 53), or on a read-only server
/// (25006), as after a failover.
pub(super) fn refused(error: sqlx::Error) -> DatabaseError {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some("57014") => DatabaseError::TimedOut(Some(error)),
        Some("25006") => DatabaseError::ReadOnly(Some(error)),
        Some("55P03") => DatabaseError::Locked(error),
        Some(code) if code.starts_with("53") => DatabaseError::OutOfResources(Some(error)),
        _ => DatabaseError::Refused(error),
    }
}
