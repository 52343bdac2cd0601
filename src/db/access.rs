//! Whether a session can write.

use sqlx::{PgConnection, Row};
use tokio::time::{Instant, timeout_at};

use super::lease::Lease;
use super::{DatabaseError, Session};

/// Whether a session can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    ReadWrite,
    /// Its transactions are read-only (`default_transaction_read_only`).
    ReadOnly,
    /// Its server is in recovery: a standby, or a server that is not promoted yet.
    Standby,
}

impl Access {
    /// Whether the session can write.
    pub fn can_write(self) -> bool {
        self == Self::ReadWrite
    }
}

/// Reads the access of a session in one round trip.
///
/// # Errors
/// Returns the error of the statement.
pub async fn access(connection: &mut PgConnection) -> Result<Access, sqlx::Error> {
    // In recovery every transaction is read-only.
    const QUERY: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' \
                         ELSE current_setting('transaction_read_only') END";
    let row = sqlx::raw_sql(QUERY).fetch_one(connection).await?;
    Ok(match row.try_get::<&str, _>(0)? {
        "off" => Access::ReadWrite,
        "standby" => Access::Standby,
        _ => Access::ReadOnly,
    })
}

/// Whether PostgreSQL refused a write in a read-only transaction (25006). Nothing was written then.
pub fn is_read_only(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|it| it.code());
    code.as_deref() == Some("25006")
}

impl Session {
    /// Takes a connection that can write. Replaces one that cannot write once.
    pub(super) async fn take_writable_connection(
        &mut self,
        by: Instant,
    ) -> Result<Lease, DatabaseError> {
        for _ in 0..2 {
            let connection = self.take_connection(by).await?;
            if connection.can_write() {
                return Ok(connection);
            }
            connection.close();
        }
        Err(DatabaseError::ReadOnly(None))
    }

    /// Makes the following reads use a connection that can write, because a write depends on them and a standby may be
    /// behind.
    ///
    /// # Errors
    /// Returns [`DatabaseError::ReadOnly`] if no session can write, `Unavailable` or `Exhausted` if no connection
    /// becomes free in time, and `TimedOut` at the deadline.
    pub async fn require_write_access(&mut self) -> Result<(), DatabaseError> {
        let by = self.read_by.unwrap_or(self.write_by);
        self.connection = Some(self.take_writable_connection(by).await?);
        Ok(())
    }

    /// Tests that the session can write, even if its connection was tested recently.
    ///
    /// # Errors
    /// Returns the errors of [`Session::require_write_access`].
    pub async fn test_write_access(&mut self) -> Result<(), DatabaseError> {
        let by = self.read_by.unwrap_or(self.write_by);
        for _ in 0..2 {
            let mut connection = self.take_writable_connection(by).await?;
            match timeout_at(by, access(&mut connection)).await {
                Ok(Ok(Access::ReadWrite)) => {
                    self.connection = Some(connection);
                    return Ok(());
                }
                Ok(Ok(Access::ReadOnly | Access::Standby)) => {
                    connection.close();
                    self.database.hosts.invalidate_connections();
                }
                Ok(Err(_)) => connection.close(),
                Err(_) => {
                    connection.close();
                    return Err(DatabaseError::Unavailable(None));
                }
            }
        }
        Err(DatabaseError::ReadOnly(None))
    }
}
