//! Transactions of several statements.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::time::{Instant, timeout, timeout_at};

use super::database::{is_lost, refused};
use super::{DatabaseError, Session};

/// How often a transaction is done again after a deadlock.
const ATTEMPTS: usize = 4;
/// How long a rollback may take before its connection is closed instead.
const ROLLBACK: Duration = Duration::from_secs(1);

impl Session {
    /// Runs one transaction, which is committed if the work succeeds and rolled back if not. After a
    /// deadlock or a failed serialisation it is done again, a bounded number of times.
    ///
    /// # Errors
    /// Those of the work, and [`DatabaseError`]: `OutcomeUnknown` only where the commit was sent and
    /// not answered.
    pub async fn transaction<T, E>(
        &mut self,
        work: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
    ) -> Result<T, E>
    where
        E: From<DatabaseError> + Retry,
    {
        let mut more = 1..ATTEMPTS;
        loop {
            let mut connection = self.begun().await?;
            let worked = match timeout_at(self.write_by, work(&mut connection)).await {
                Ok(worked) => worked,
                Err(_) => {
                    drop(connection.detach());
                    return Err(DatabaseError::Unavailable(None).into());
                }
            };
            let error = match worked {
                Ok(value) => match self.commit(connection).await {
                    Ok(()) => return Ok(value),
                    Err(error) => E::from(error),
                },
                Err(error) => {
                    self.roll_back(connection).await;
                    error
                }
            };
            if !error.is_worth_another_try() || more.next().is_none() {
                return Err(error);
            }
        }
    }

    /// A connection with an open transaction. One that turns out to be lost is replaced.
    async fn begun(&mut self) -> Result<PoolConnection<Postgres>, DatabaseError> {
        loop {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.database.acquire().await?,
            };
            let begin = sqlx::raw_sql("BEGIN").execute(&mut *connection);
            match timeout_at(self.read_by, begin).await {
                Ok(Ok(_)) => return Ok(connection),
                Ok(Err(error)) if is_lost(&error) && Instant::now() < self.read_by => {
                    drop(connection.detach());
                }
                Ok(Err(error)) => {
                    drop(connection.detach());
                    return Err(DatabaseError::from(error));
                }
                Err(_) => {
                    drop(connection.detach());
                    return Err(DatabaseError::Unavailable(None));
                }
            }
        }
    }

    async fn commit(
        &mut self,
        mut connection: PoolConnection<Postgres>,
    ) -> Result<(), DatabaseError> {
        let commit = sqlx::raw_sql("COMMIT").execute(&mut *connection);
        match timeout_at(self.write_by, commit).await {
            Ok(Ok(_)) => {
                self.connection = Some(connection);
                Ok(())
            }
            Ok(Err(error)) if is_lost(&error) => {
                drop(connection.detach());
                Err(DatabaseError::OutcomeUnknown(Some(error)))
            }
            Ok(Err(error)) => {
                self.roll_back(connection).await;
                Err(refused(error))
            }
            Err(_) => {
                drop(connection.detach());
                Err(DatabaseError::OutcomeUnknown(None))
            }
        }
    }

    /// A connection that cannot be rolled back must not serve anybody else: it is closed, and
    /// Postgres rolls back.
    async fn roll_back(&mut self, mut connection: PoolConnection<Postgres>) {
        let rollback = sqlx::raw_sql("ROLLBACK").execute(&mut *connection);
        if matches!(timeout(ROLLBACK, rollback).await, Ok(Ok(_))) {
            self.connection = Some(connection);
        } else {
            drop(connection.detach());
        }
    }
}

/// An error of a transaction's work, as far as it can be another's turn that was in the way.
pub trait Retry {
    /// Whether the same work may succeed now, or say better what is wrong: after a deadlock (40P01),
    /// a failed serialisation (40001), and where a constraint (class 23) stands for something that
    /// the work had looked at before somebody else was faster.
    fn is_worth_another_try(&self) -> bool;
}

impl Retry for DatabaseError {
    fn is_worth_another_try(&self) -> bool {
        matches!(self, Self::Refused(sqlx::Error::Database(error))
        if error.code().is_some_and(|code| {
            matches!(&*code, "40P01" | "40001") || code.starts_with("23")
        }))
    }
}

impl From<sqlx::Error> for DatabaseError {
    /// Of a statement that changed nothing, or whose transaction was not committed.
    fn from(error: sqlx::Error) -> Self {
        if is_lost(&error) {
            Self::Unavailable(Some(error))
        } else {
            refused(error)
        }
    }
}
