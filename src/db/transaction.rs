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

/// How often a transaction is tried, all in all.
const ATTEMPTS: usize = 4;
/// How long a rollback may take before its connection is closed instead.
const ROLLBACK: Duration = Duration::from_secs(1);

impl Session {
    /// Runs one transaction, which is committed if the work succeeds and rolled back if not. Where
    /// somebody else was in the way ([`Retry`]) it is done again, a bounded number of times; where its
    /// connection failed before the commit was sent, once, on a new one.
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
        let mut is_replaced = false;
        loop {
            let mut begun = self.begun().await?;
            let Some(connection) = begun.0.as_deref_mut() else {
                return Err(DatabaseError::Unavailable(None).into());
            };
            let worked = work(connection).instrument(traces::database("transaction"));
            let worked = match timeout_at(self.write_by, worked).await {
                Ok(worked) => worked,
                Err(_) => return Err(DatabaseError::TimedOut(None).into()),
            };
            let error = match worked {
                Ok(value) => match self.commit(begun).await {
                    Ok(()) => return Ok(value),
                    Err(error) => E::from(error),
                },
                // Closed, not rolled back: it must not serve anybody else.
                Err(error) if is_of_connection(&error) => error,
                Err(error) => {
                    self.roll_back(begun).await;
                    error
                }
            };
            if is_of_connection(&error) {
                if matches!(error.database(), Some(DatabaseError::ReadOnly(_))) {
                    self.database.hosts.distrust();
                }
                if !is_replaced {
                    is_replaced = true;
                    continue;
                }
            }
            if !error.is_worth_another_try() || more.next().is_none() {
                return Err(error);
            }
        }
    }

    /// A connection with an open transaction. One that turns out to be lost is replaced.
    async fn begun(&mut self) -> Result<Begun, DatabaseError> {
        let by = self.read_by();
        loop {
            let mut begun = Begun(Some(self.connected_to_write(by).await?));
            match timeout_at(by, begun.say("BEGIN")).await {
                Ok(Ok(())) => return Ok(begun),
                Ok(Err(error)) if is_lost(&error) && Instant::now() < by => {}
                Ok(Err(error)) => return Err(DatabaseError::from(error)),
                Err(_) => return Err(DatabaseError::Unavailable(None)),
            }
        }
    }

    async fn commit(&mut self, mut begun: Begun) -> Result<(), DatabaseError> {
        match timeout_at(self.write_by, begun.say("COMMIT")).await {
            Ok(Ok(())) => {
                self.connection = begun.0.take();
                Ok(())
            }
            Ok(Err(error)) if is_lost(&error) => Err(lost_at_write(error)),
            Ok(Err(error)) if is_read_only(&error) => Err(refused(error)),
            Ok(Err(error)) => {
                self.roll_back(begun).await;
                Err(refused(error))
            }
            Err(_) => Err(DatabaseError::OutcomeUnknown(None)),
        }
    }

    async fn roll_back(&mut self, mut begun: Begun) {
        if matches!(timeout(ROLLBACK, begun.say("ROLLBACK")).await, Ok(Ok(()))) {
            self.connection = begun.0.take();
        }
    }
}

/// A connection with an open transaction. Dropped in any other way than by the end of that (a panic,
/// a lost connection, no answer in time) it is closed, and Postgres rolls back: back in the pool it
/// would swallow what the next one writes.
struct Begun(Option<Lease>);

impl Begun {
    async fn say(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let connection = self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)?;
        sqlx::raw_sql(statement).execute(connection).await?;
        Ok(())
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            connection.close();
        }
    }
}

/// An error of a transaction's work, as far as it can be another's turn that was in the way.
pub trait Retry {
    /// Whether the same work may succeed now, or say better what is wrong: after a deadlock (40P01),
    /// a failed serialisation (40001), and where a constraint (class 23) stands for something that
    /// the work had looked at before somebody else was faster.
    fn is_worth_another_try(&self) -> bool;

    /// What the database said, if that is the reason.
    fn database(&self) -> Option<&DatabaseError>;
}

/// Whether the connection failed before anything was committed, so that the same work may succeed on another: it
/// was lost (class 08, 57P0x), or is read-only (25006).
fn is_of_connection(error: &impl Retry) -> bool {
    match error.database() {
        Some(DatabaseError::ReadOnly(error)) => error.is_some(),
        Some(DatabaseError::Unavailable(Some(error))) => is_lost(error),
        _ => false,
    }
}

impl Retry for DatabaseError {
    fn is_worth_another_try(&self) -> bool {
        matches!(self, Self::Refused(sqlx::Error::Database(error))
        if error.code().is_some_and(|code| {
            matches!(&*code, "40P01" | "40001") || code.starts_with("23")
        }))
    }

    fn database(&self) -> Option<&Self> {
        Some(self)
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
