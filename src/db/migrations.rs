//! The schema, and connections for long work.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection, PgConnection};
use thiserror::Error;

use super::access::access;
use super::usable::{UnusableError, check};
use super::{ConnectError, Database};

/// Why the schema is not up to date.
#[derive(Debug, Error)]
pub enum MigrationError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Unusable(UnusableError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

impl From<UnusableError> for MigrationError {
    fn from(error: UnusableError) -> Self {
        match error {
            UnusableError::Failed(error) => ConnectError::Failed(error).into(),
            UnusableError::Encoding(_) | UnusableError::Pooler => Self::Unusable(error),
        }
    }
}

impl Database {
    /// Brings the schema up to date. Several servers may do so at the same time.
    ///
    /// # Errors
    /// Returns [`MigrationError::Connect`] if no host can be reached or written to, `Unusable` if the database has
    /// another encoding than UTF8 or a pooler in front of it, and `Migrate` if a migration fails or the schema is newer
    /// than this server.
    pub async fn migrate(&self) -> Result<(), MigrationError> {
        let mut connection = self.without_timeouts().await?;
        check(&mut connection).await?;
        MIGRATIONS.run(&mut connection).await?;
        Ok(connection.close().await.map_err(ConnectError::Failed)?)
    }

    /// Opens a connection outside the pool, without timeouts for statements and locks.
    ///
    /// # Errors
    /// Returns [`ConnectError`] if no host has a session that `target_session_attrs` admits.
    pub async fn without_timeouts(&self) -> Result<PgConnection, ConnectError> {
        let without_timeouts = self.hosts.connect(|options| {
            options.options([
                ("statement_timeout", "0"),
                // Servers that start at the same time wait for the migrations of the first.
                ("lock_timeout", "0"),
                // Hides the notice at each start that the table of migrations exists.
                ("client_min_messages", "warning"),
            ])
        });
        without_timeouts.await
    }

    /// Checks that the database can be used and accepts writes.
    ///
    /// # Errors
    /// Returns the errors of [`Database::check_usable`], and [`ConnectError::ReadOnly`] if the database is read-only.
    pub async fn check_writable(&self) -> Result<(), MigrationError> {
        let mut connection = self.without_timeouts().await?;
        check(&mut connection).await?;
        let access = access(&mut connection)
            .await
            .map_err(ConnectError::Failed)?;
        if !access.can_write() {
            return Err(ConnectError::ReadOnly.into());
        }
        Ok(connection.close().await.map_err(ConnectError::Failed)?)
    }

    /// Checks that the database can be used.
    ///
    /// # Errors
    /// Returns [`MigrationError::Unusable`] if it cannot be used, and `Connect` if it cannot be reached.
    pub async fn check_usable(&self) -> Result<(), MigrationError> {
        let mut connection = self.without_timeouts().await?;
        check(&mut connection).await?;
        Ok(connection.close().await.map_err(ConnectError::Failed)?)
    }

    /// Returns the number of migrations of this server.
    pub fn migrations() -> usize {
        MIGRATIONS.iter().count()
    }
}

static MIGRATIONS: Migrator = sqlx::migrate!();
