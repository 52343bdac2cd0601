//! Transactions of several statements.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;

use super::access::is_read_only;
use super::lease::Lease;
use super::session::{is_lost, lost_at_write, refused};
use super::{DatabaseError, Session};
use crate::traces;

/// Maximum number of attempts of a transaction.
const ATTEMPTS: usize = 4;
/// Maximum duration of a rollback. After that, its connection is closed.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(1);

impl Session {
    /// Runs one transaction. Commits it if the work succeeds, and rolls it back otherwise. After a conflict with
    /// another transaction ([`Retry`]), it runs again, up to 4 times in all. If its connection fails before the commit,
    /// it runs again once on a new connection.
    ///
    /// # Errors
    /// Returns the error of the work, or a [`DatabaseError`]: `OutcomeUnknown` only if the commit was sent and no
    /// response arrived.
    pub async fn transaction<T, E>(
        &mut self,
        work: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
    ) -> Result<T, E>
    where
        E: From<DatabaseError> + Retry,
    {
        let mut retries = 1..ATTEMPTS;
        let mut is_replaced = false;
        loop {
            let mut open = self.begin().await?;
            let Some(connection) = open.0.as_deref_mut() else {
                return Err(DatabaseError::Unavailable(None).into());
            };
            let worked = work(connection).instrument(traces::database("transaction"));
            let worked = match timeout_at(self.write_by, worked).await {
                Ok(worked) => worked,
                Err(_) => return Err(DatabaseError::TimedOut(None).into()),
            };
            let error = match worked {
                Ok(value) => match self.commit(open).await {
                    Ok(()) => return Ok(value),
                    Err(error) => E::from(error),
                },
                // The connection is closed instead of rolled back, because it must not be used again.
                Err(error) if is_connection_failure(&error) => error,
                Err(error) => {
                    self.roll_back(open).await;
                    error
                }
            };
            if is_connection_failure(&error) {
                if matches!(error.database_error(), Some(DatabaseError::ReadOnly(_))) {
                    self.database.hosts.invalidate_connections();
                }
                if !is_replaced {
                    is_replaced = true;
                    continue;
                }
            }
            if !error.may_succeed_on_retry() || retries.next().is_none() {
                return Err(error);
            }
        }
    }

    /// Opens a transaction. Replaces a lost connection.
    async fn begin(&mut self) -> Result<OpenTransaction, DatabaseError> {
        let by = self.read_by();
        loop {
            let mut open = OpenTransaction(Some(self.take_writable_connection(by).await?));
            match timeout_at(by, open.execute("BEGIN")).await {
                Ok(Ok(())) => return Ok(open),
                Ok(Err(error)) if is_lost(&error) && Instant::now() < by => {}
                Ok(Err(error)) => return Err(DatabaseError::from(error)),
                Err(_) => return Err(DatabaseError::Unavailable(None)),
            }
        }
    }

    async fn commit(&mut self, mut open: OpenTransaction) -> Result<(), DatabaseError> {
        match timeout_at(self.write_by, open.execute("COMMIT")).await {
            Ok(Ok(())) => {
                self.connection = open.0.take();
                Ok(())
            }
            Ok(Err(error)) if is_lost(&error) => Err(lost_at_write(error)),
            Ok(Err(error)) if is_read_only(&error) => Err(refused(error)),
            Ok(Err(error)) => {
                self.roll_back(open).await;
                Err(refused(error))
            }
            Err(_) => Err(DatabaseError::OutcomeUnknown(None)),
        }
    }

    async fn roll_back(&mut self, mut open: OpenTransaction) {
        if matches!(
            timeout(ROLLBACK_TIMEOUT, open.execute("ROLLBACK")).await,
            Ok(Ok(()))
        ) {
            self.connection = open.0.take();
        }
    }
}

/// A connection with an open transaction. If it is dropped before the end of the transaction (after a panic, a lost
/// connection or a timeout), it is closed, and PostgreSQL rolls back. In the pool, the open transaction would swallow
/// the writes of the next request.
struct OpenTransaction(Option<Lease>);

impl OpenTransaction {
    async fn execute(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let connection = self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)?;
        sqlx::raw_sql(statement).execute(connection).await?;
        Ok(())
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            connection.close();
        }
    }
}

/// An error of the work of a transaction that may be a conflict with another transaction.
pub trait Retry {
    /// Whether a retry may succeed or return a more precise error: after a deadlock (40P01), a serialization failure
    /// (40001), or the violation of a constraint (class 23) that the work had checked before another transaction
    /// committed.
    fn may_succeed_on_retry(&self) -> bool;

    /// Returns the error of the database, if it is the cause.
    fn database_error(&self) -> Option<&DatabaseError>;
}

/// Whether the connection failed before the commit, so that a retry on another may succeed: it was lost (class 08,
/// 57P0x) or is read-only (25006).
fn is_connection_failure(error: &impl Retry) -> bool {
    match error.database_error() {
        Some(DatabaseError::ReadOnly(error)) => error.is_some(),
        Some(DatabaseError::Unavailable(Some(error))) => is_lost(error),
        _ => false,
    }
}

impl Retry for DatabaseError {
    fn may_succeed_on_retry(&self) -> bool {
        matches!(self, Self::Refused(sqlx::Error::Database(error))
        if error.code().is_some_and(|code| {
            matches!(&*code, "40P01" | "40001") || code.starts_with("23")
        }))
    }

    fn database_error(&self) -> Option<&Self> {
        Some(self)
    }
}

impl From<sqlx::Error> for DatabaseError {
    /// Converts the error of a statement that changed nothing, or whose transaction was not committed.
    fn from(error: sqlx::Error) -> Self {
        if is_lost(&error) {
            Self::Unavailable(Some(error))
        } else {
            refused(error)
        }
    }
}
