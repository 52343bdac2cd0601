//! What a session may do with its database.

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
    /// Its server is in recovery: a standby, or one that has not been promoted yet.
    Standby,
}

impl Access {
    pub fn can_write(self) -> bool {
        self == Self::ReadWrite
    }
}

/// Asks a session, in one round trip.
///
/// # Errors
/// Those of the connection.
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

/// Whether the database refused to write in a read-only transaction (25006), which it does before it writes
/// anything.
pub fn is_read_only(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|it| it.code());
    code.as_deref() == Some("25006")
}

impl Session {
    /// The connection of this session, for writing. One that cannot write is replaced once.
    pub(super) async fn connected_to_write(&mut self, by: Instant) -> Result<Lease, DatabaseError> {
        for _ in 0..2 {
            let connection = self.connected(by).await?;
            if connection.can_write() {
                return Ok(connection);
            }
            connection.close();
        }
        Err(DatabaseError::ReadOnly(None))
    }

    /// Makes sure that what is read from here on comes from a session that can write, because a write depends
    /// on it: a standby may not have it yet.
    ///
    /// # Errors
    /// [`DatabaseError::ReadOnly`] where there is no such session, and those of connecting.
    pub async fn to_write(&mut self) -> Result<(), DatabaseError> {
        let by = self.read_by.unwrap_or(self.write_by);
        self.connection = Some(self.connected_to_write(by).await?);
        Ok(())
    }

    /// The same, and asks the session itself, however recently it was tested.
    ///
    /// # Errors
    /// As [`Session::to_write`].
    pub async fn test_writing(&mut self) -> Result<(), DatabaseError> {
        let by = self.read_by.unwrap_or(self.write_by);
        for _ in 0..2 {
            let mut connection = self.connected_to_write(by).await?;
            match timeout_at(by, access(&mut connection)).await {
                Ok(Ok(Access::ReadWrite)) => {
                    self.connection = Some(connection);
                    return Ok(());
                }
                Ok(Ok(Access::ReadOnly | Access::Standby)) => {
                    connection.close();
                    self.database.hosts.distrust();
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
