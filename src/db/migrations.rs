//! The schema, and connections for work that takes longer than any request.

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
    /// Brings the schema up to date; any number of servers may do so at once.
    ///
    /// # Errors
    /// Returns [`MigrationError::Connect`] if no host can be reached or written to, `Unusable` if the database has
    /// another encoding than UTF8 or stands behind a pooler, and `Migrate` if a migration fails or the schema is newer
    /// than this server.
    pub async fn migrate(&self) -> Result<(), MigrationError> {
        let mut connection = self.without_timeouts().await?;
        check(&mut connection).await?;
        MIGRATIONS.run(&mut connection).await?;
        Ok(connection.close().await.map_err(ConnectError::Failed)?)
    }

    /// A connection beside the pool for work that takes longer than any request.
    ///
    /// # Errors
    /// Those of connecting.
    pub async fn without_timeouts(&self) -> Result<PgConnection, ConnectError> {
        let without_timeouts = self.hosts.connect(|options| {
            options.options([
                ("statement_timeout", "0"),
                // Servers that start at once wait for the first to migrate.
                ("lock_timeout", "0"),
                // Each start is told that the table of migrations is there already.
                ("client_min_messages", "warning"),
            ])
        });
        without_timeouts.await
    }

    /// Whether the database serves, and takes writes.
    ///
    /// # Errors
    /// [`ConnectError`], `ReadOnly` where it takes none.
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

    /// Whether the database can be used, where it can be reached.
    ///
    /// # Errors
    /// Returns [`MigrationError::Unusable`] if it cannot be used, and `Connect` if it cannot be reached.
    pub async fn check_usable(&self) -> Result<(), MigrationError> {
        let mut connection = self.without_timeouts().await?;
        check(&mut connection).await?;
        Ok(connection.close().await.map_err(ConnectError::Failed)?)
    }

    /// How many migrations this server knows.
    pub fn migrations() -> usize {
        MIGRATIONS.iter().count()
    }
}

static MIGRATIONS: Migrator = sqlx::migrate!();
