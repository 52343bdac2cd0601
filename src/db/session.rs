//! The reads and writes of one request.

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

/// One request's hold on one connection.
#[derive(Debug)]
pub struct Session {
    pub(super) database: Database,
    pub(super) connection: Option<Lease>,
    /// By when the first read ends: the wait for the connection counts.
    pub(super) read_by: Option<Instant>,
    pub(super) write_by: Instant,
}

impl Session {
    /// Reads. A connection that turns out to be lost is replaced until the time for reading is up. What
    /// is large or meets a busy database takes longer: it goes on until the deadline of the request as
    /// long as the database answers others.
    ///
    /// # Errors
    /// [`DatabaseError`], of which `OutcomeUnknown` cannot occur.
    pub async fn read<T>(
        &mut self,
        work: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        let read_by = self.read_by();
        loop {
            let mut connection = self.connected(read_by).await?;
            let mut worked = work(&mut connection).instrument(traces::database("read"));
            let mut read = timeout_at(read_by, &mut worked).await;
            let is_alive = read.is_err() && self.database.is_alive().await;
            if is_alive {
                read = timeout_at(self.write_by, worked).await;
            } else {
                drop(worked);
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
                    // An answer may still come: this connection must not serve anybody else.
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

    /// Takes a connection, where it has none.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`].
    pub async fn connect(&mut self) -> Result<(), DatabaseError> {
        if self.connection.is_none() {
            self.connection = Some(self.database.acquire().await?);
        }
        Ok(())
    }

    /// Gives the connection to those who may wait for one, where there is no other and none can be
    /// opened.
    pub fn share(&mut self) {
        let pool = &self.database.pool;
        let are_all_open = pool.size() >= pool.options().get_max_connections();
        if are_all_open && pool.num_idle() == 0 {
            self.connection = None;
        }
    }

    /// Gives the connection back: what follows takes long, and needs none.
    pub fn release(&mut self) {
        self.connection = None;
    }

    /// What is written from here on has its result by another deadline.
    pub fn write_until(&mut self, deadline: Deadline) {
        self.write_by = deadline.instant();
    }

    /// By when a read that begins now ends; one that follows a write has time of its own.
    pub(super) fn read_by(&mut self) -> Instant {
        let first = self.read_by.take();
        first.unwrap_or_else(|| {
            self.write_by
                .min(Instant::now() + self.database.timeouts().read)
        })
    }

    /// The connection of this session, or another where it has none any more.
    pub(super) async fn connected(&mut self, by: Instant) -> Result<Lease, DatabaseError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => match timeout_at(by, self.database.acquire()).await {
                Ok(acquired) => acquired,
                Err(_) => Err(DatabaseError::TimedOut(None)),
            },
        }
    }

    /// Why a statement was refused. A connection that turned out to be read-only is closed, and those opened
    /// before with it.
    pub(super) fn refused(&mut self, connection: Lease, error: sqlx::Error) -> DatabaseError {
        if is_read_only(&error) {
            connection.close();
            self.database.hosts.distrust();
        } else {
            self.connection = Some(connection);
        }
        refused(error)
    }

    /// Writes with one statement, which Postgres commits as a whole or not at all.
    ///
    /// # Errors
    /// [`DatabaseError`]; after `ReadOnly` with an error the same statement may succeed, on the next connection.
    pub async fn write<T>(
        &mut self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        let mut connection = self.connected_to_write(self.write_by).await?;
        if Instant::now() >= self.write_by {
            return Err(DatabaseError::TimedOut(None));
        }
        let worked = work(&mut connection).instrument(traces::database("write"));
        match timeout_at(self.write_by, worked).await {
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

/// Whether the connection, and not the statement, is at fault: class 08, 57P01 to 57P05, and whatever ends the
/// session.
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

/// What became of a write whose connection was lost. A server that starts or stops (57P03) has not begun it; one
/// that ends a session (57P01) may have committed.
pub(super) fn lost_at_write(error: sqlx::Error) -> DatabaseError {
    if is_starting(&error) {
        DatabaseError::Unavailable(Some(error))
    } else {
        DatabaseError::OutcomeUnknown(Some(error))
    }
}

/// Whether a standby cancelled a read for what its primary had to change (40001).
fn is_recovering(error: &sqlx::Error, connection: &Lease) -> bool {
    let code = error.as_database_error().and_then(|it| it.code());
    !connection.can_write() && code.as_deref() == Some("40001")
}

/// What the database answered instead of a result. A statement that it cancelled for taking too
/// long (57014), or for waiting too long for a lock (55P03), or for which it has no room on its disk
/// or in memory (class 53), or that it takes only where it is not read-only (25006), as after a failover,
/// was rolled back: another try may find it less busy, or another server.
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
