//! The pool of connections, and units of work.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::hosts::ConnectError;
use super::lease::Lease;
use super::liveness::Liveness;
use super::usable::MARK;
use super::{DatabaseError, Hosts, InFlight, Retry, Session, Timeouts};
use crate::metrics::{Connections, Waits};

/// The time by which a unit of work must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// Creates a deadline at this time from now.
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// Whether the deadline has passed.
    pub fn has_passed(self) -> bool {
        self.0 <= Instant::now()
    }

    /// Returns the deadline as an instant.
    pub fn instant(self) -> Instant {
        self.0
    }
}

/// A pool of connections to the database.
#[derive(Debug, Clone)]
pub struct Database {
    pub(super) pool: PgPool,
    /// One permit per connection of the pool. A request without a permit waits for other requests; a request with a
    /// permit but no connection waits for the database.
    permits: Arc<Semaphore>,
    pub(super) liveness: Liveness,
    pub(super) hosts: Hosts,
    /// The index of the host that the pool connects to.
    pool_host: Arc<AtomicUsize>,
    timeouts: Timeouts,
    /// Metrics of the waits for a connection.
    waits: Option<Arc<Waits>>,
}

impl Database {
    /// Creates a pool of up to `size` connections. It opens none yet.
    pub fn new(hosts: impl Into<Hosts>, size: u32, timeouts: Timeouts) -> Self {
        let milliseconds = |time: Duration| time.as_millis().to_string();
        let hosts = hosts.into().map(|options| {
            options
                .application_name("dossier")
                .options([("statement_timeout", milliseconds(timeouts.statement))])
                .options([("lock_timeout", milliseconds(timeouts.lock))])
                .options([("timezone", "UTC")])
                .options([MARK])
        });
        Self::with_hosts(hosts, size, timeouts)
    }

    /// Creates a second pool of up to `size` connections to the same database, for background work. Its statements are
    /// planned for each execution, because a cached plan from the time of an empty queue is wrong for a full one.
    pub fn with_pool_size(&self, size: u32) -> Self {
        let hosts = self
            .hosts
            .map(|options| options.options([("plan_cache_mode", "force_custom_plan")]));
        Self::with_hosts(hosts, size, self.timeouts)
    }

    fn with_hosts(hosts: Hosts, size: u32, timeouts: Timeouts) -> Self {
        Self {
            pool: pool(&hosts, size, timeouts.connection),
            permits: Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(usize::MAX))),
            hosts,
            pool_host: Arc::default(),
            liveness: Liveness::default(),
            timeouts,
            waits: None,
        }
    }

    /// Sets the metrics of the waits for a connection.
    #[must_use]
    pub fn with_wait_metrics(self, waits: Waits) -> Self {
        let waits = Some(Arc::new(waits));
        Self { waits, ..self }
    }

    /// Returns the timeouts.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Returns the current number of connections.
    pub fn connections(&self) -> Connections {
        let idle = self.pool.num_idle();
        let open = usize::try_from(self.pool.size()).unwrap_or(usize::MAX);
        Connections {
            idle,
            used: open.saturating_sub(idle),
            limit: self.size(),
        }
    }

    /// Closes every connection when it is returned to the pool. Waits for all of them.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs one unit of work in a task of its own, so that a client that disconnects does not cancel it. The task keeps
    /// the span of the request for log lines, and counts as part of the request in flight.
    ///
    /// # Errors
    /// Returns the error of the work, [`DatabaseError::Unavailable`], `Exhausted` or `ReadOnly` if no connection
    /// becomes free in time (500 ms by default), and `Ended` if the work panics.
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
        tokio::spawn(InFlight::inherit(work(session)).in_current_span())
            .await
            .map_err(DatabaseError::Ended)?
    }

    /// Returns the maximum number of connections.
    pub fn size(&self) -> usize {
        usize::try_from(self.pool.options().get_max_connections()).unwrap_or(usize::MAX)
    }

    /// Starts a task that works for several requests, so that none of them can cancel it. Its session acquires a
    /// connection with the first write, and keeps it until it yields or releases it.
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

    /// Runs a unit of work that reads. All attempts share the input.
    ///
    /// # Errors
    /// Returns the errors of [`Database::unit`] and [`Session::read`].
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

    /// Runs a unit of work that is one transaction. All attempts share the input.
    ///
    /// # Errors
    /// Returns the errors of [`Database::unit`] and [`Session::transaction`].
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

    /// Whether the database responds on a new connection.
    pub(super) async fn is_alive(&self) -> bool {
        let options = self.hosts.options(self.hosts.current());
        self.liveness.check(&options).await
    }

    /// Returns the error for a wait that timed out: `Exhausted` if the database responds, so that other requests are
    /// the cause, and `Unavailable` otherwise.
    pub async fn wait_error(&self) -> DatabaseError {
        if self.is_alive().await {
            DatabaseError::Exhausted
        } else {
            DatabaseError::Unavailable(None)
        }
    }

    pub(super) async fn acquire(&self) -> Result<Lease, DatabaseError> {
        let wait = self.waits.as_deref().map(Waits::begin);
        let acquired = self.acquire_unmeasured().await;
        if let Some(wait) = wait {
            wait.end(acquired.is_ok());
        }
        acquired
    }

    async fn acquire_unmeasured(&self) -> Result<Lease, DatabaseError> {
        let by = Instant::now() + self.timeouts.connection;
        let permit = Arc::clone(&self.permits).acquire_owned();
        let permit = match timeout_at(by, permit).await {
            Ok(Ok(permit)) => permit,
            // The semaphore is never closed.
            Ok(Err(_)) => return Err(DatabaseError::Unavailable(None)),
            Err(_) => return Err(self.wait_error().await),
        };
        // Boxed, because the future is large and part of every future that waits for a connection.
        let acquiring = Box::pin(self.hosts.acquire(&self.pool, &self.pool_host));
        // The timeout of the pool does not bound the opening of a connection.
        match timeout_at(by, acquiring).await {
            Ok(Ok(lease)) => Ok(lease.with_permit(permit)),
            Ok(Err(ConnectError::ReadOnly)) => Err(DatabaseError::ReadOnly(None)),
            Ok(Err(ConnectError::Failed(error))) => Err(DatabaseError::Unavailable(Some(error))),
            Err(_) => Err(DatabaseError::Unavailable(None)),
        }
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
            Box::pin(async move { Ok(hosts.may_reuse(connection, meta).await) })
        })
        .connect_lazy_with(options)
}
