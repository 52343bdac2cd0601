//! Connections and units of work.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgDatabaseError, PgPoolOptions};
use sqlx::{PgConnection, PgPool};
use thiserror::Error;
use tokio::time::{Instant, timeout};
use tracing::Instrument;

use super::hosts::ConnectError;
use super::lease::Lease;
use super::liveness::Liveness;
use super::{Hosts, InFlight, Retry, Session, Timeouts};
use crate::metrics::{Connections, Waits};

/// The moment by which a unit of work must have its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// So much time from now on.
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// Whether it is too late.
    pub fn has_passed(self) -> bool {
        self.0 <= Instant::now()
    }

    /// The moment itself.
    pub fn instant(self) -> Instant {
        self.0
    }
}

/// Why a unit of work has no result.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// Nothing was written: no connection, or no answer to a read in time.
    #[error("the database cannot be reached in time")]
    Unavailable(#[source] Option<sqlx::Error>),
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

/// Every connection to the database that this process has.
#[derive(Debug, Clone)]
pub struct Database {
    pub(super) pool: PgPool,
    pub(super) liveness: Liveness,
    pub(super) hosts: Hosts,
    /// The host to which the pool was led last.
    led: Arc<AtomicUsize>,
    timeouts: Timeouts,
    /// Where it is counted how long its connections are waited for.
    waits: Option<Arc<Waits>>,
}

impl Database {
    /// A pool of up to `size` connections, none of them opened yet.
    pub fn new(hosts: impl Into<Hosts>, size: u32, timeouts: Timeouts) -> Self {
        let milliseconds = |time: Duration| time.as_millis().to_string();
        let hosts = hosts.into().map(|options| {
            options
                .application_name("dossier")
                .options([("statement_timeout", milliseconds(timeouts.statement))])
                .options([("lock_timeout", milliseconds(timeouts.lock))])
                .options([("timezone", "UTC")])
        });
        Self::over(hosts, size, timeouts)
    }

    /// Connections of its own to the same database, up to `size` of them.
    pub fn beside(&self, size: u32) -> Self {
        Self::over(self.hosts.clone(), size, self.timeouts)
    }

    fn over(hosts: Hosts, size: u32, timeouts: Timeouts) -> Self {
        Self {
            pool: pool(&hosts, size, timeouts.connection),
            hosts,
            led: Arc::default(),
            liveness: Liveness::default(),
            timeouts,
            waits: None,
        }
    }

    /// The same, counting the waits for its connections.
    #[must_use]
    pub fn counting(self, waits: Waits) -> Self {
        let waits = Some(Arc::new(waits));
        Self { waits, ..self }
    }

    /// How long it is waited for.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// How many connections there are.
    pub fn connections(&self) -> Connections {
        let idle = self.pool.num_idle();
        let open = usize::try_from(self.pool.size()).unwrap_or(usize::MAX);
        Connections {
            idle,
            used: open.saturating_sub(idle),
            most: self.size(),
        }
    }

    /// Closes every connection once it is given back.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs one unit of work in a task of its own, which a client that leaves does not reach. Its
    /// log lines carry the span of the request, and it holds the request's place among those in
    /// flight.
    ///
    /// # Errors
    /// Those of the work, and [`DatabaseError`] when no connection is to be had.
    pub async fn unit<T, E, F>(
        &self,
        deadline: Deadline,
        work: impl FnOnce(Session) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let read_by = Some(deadline.0.min(Instant::now() + self.timeouts.read));
        let connection = self.acquire().await?;
        let session = Session {
            database: self.clone(),
            connection: Some(connection),
            read_by,
            write_by: deadline.0,
        };
        tokio::spawn(InFlight::handed_on(work(session)).in_current_span())
            .await
            .map_err(DatabaseError::Ended)?
    }

    /// How many connections there are at the most.
    pub fn size(&self) -> usize {
        usize::try_from(self.pool.options().get_max_connections()).unwrap_or(usize::MAX)
    }

    /// Does work of several requests in a task of its own, which none of them reaches. It takes a
    /// connection with its first write, and keeps it until it shares it.
    pub fn spawn<F>(&self, work: impl FnOnce(Session) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let session = Session {
            database: self.clone(),
            connection: None,
            read_by: None,
            write_by: Instant::now(),
        };
        tokio::spawn(work(session).in_current_span());
    }

    /// Reads with one connection; the input is shared with every try.
    ///
    /// # Errors
    /// [`DatabaseError`], of which `OutcomeUnknown` cannot occur.
    pub async fn read<I, T>(
        &self,
        deadline: Deadline,
        input: I,
        work: impl for<'c> Fn(&'c mut PgConnection, Arc<I>) -> BoxFuture<'c, Result<T, sqlx::Error>>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, DatabaseError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        let input = Arc::new(input);
        let read = async move |mut session: Session| {
            session
                .read(|connection| work(connection, Arc::clone(&input)))
                .await
        };
        self.unit(deadline, read).await
    }

    /// Runs one transaction; the input is shared with every try.
    ///
    /// # Errors
    /// As [`Session::transaction`].
    pub async fn transaction<I, T, E>(
        &self,
        deadline: Deadline,
        input: I,
        work: impl for<'c> Fn(&'c mut PgConnection, Arc<I>) -> BoxFuture<'c, Result<T, E>>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Retry + Send + 'static,
    {
        let input = Arc::new(input);
        let transact = async move |mut session: Session| {
            session
                .transaction(|connection| work(connection, Arc::clone(&input)))
                .await
        };
        self.unit(deadline, transact).await
    }

    /// Whether the database answers on a new connection.
    pub(super) async fn is_alive(&self) -> bool {
        let options = self.hosts.options(self.hosts.current());
        self.liveness.check(&options).await
    }

    pub(super) async fn acquire(&self) -> Result<Lease, DatabaseError> {
        let wait = self.waits.as_deref().map(Waits::begin);
        // It is large, and would be moved with all that may wait for a connection.
        let acquiring = Box::pin(self.hosts.acquire(&self.pool, &self.led));
        // Opening a connection is not bounded by the pool's own limit once it has begun.
        let acquired = match timeout(self.timeouts.connection, acquiring).await {
            Ok(Ok(lease)) => Ok(lease),
            Ok(Err(ConnectError::ReadOnly)) => Err(DatabaseError::ReadOnly(None)),
            Ok(Err(ConnectError::Failed(error))) => Err(DatabaseError::Unavailable(Some(error))),
            Err(_) => Err(DatabaseError::Unavailable(None)),
        };
        if let Some(wait) = wait {
            wait.end(acquired.is_ok());
        }
        acquired
    }
}

fn pool(hosts: &Hosts, size: u32, acquire_timeout: Duration) -> PgPool {
    let (options, hosts) = (hosts.first(), hosts.clone());
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(acquire_timeout)
        .max_lifetime(Duration::from_secs(30 * 60))
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            let hosts = hosts.clone();
            Box::pin(async move { Ok(hosts.keeps(connection, meta).await) })
        })
        .connect_lazy_with(options)
}
