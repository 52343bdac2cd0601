//! Connections and units of work.

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

/// Every connection to the database that this process has.
#[derive(Debug, Clone)]
pub struct Database {
    pub(super) pool: PgPool,
    /// As many as the pool has connections: whoever has none of them waits for other requests, and whoever
    /// has one and no connection waits for the database.
    permits: Arc<Semaphore>,
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
                .options([MARK])
        });
        Self::over(hosts, size, timeouts)
    }

    /// Connections of its own to the same database, up to `size` of them. Their statements are planned
    /// anew each time: the work of the background is over queues, for which a plan that was kept from when they
    /// were empty is a wrong one.
    pub fn with_pool_size(&self, size: u32) -> Self {
        let hosts = self
            .hosts
            .map(|options| options.options([("plan_cache_mode", "force_custom_plan")]));
        Self::over(hosts, size, self.timeouts)
    }

    fn over(hosts: Hosts, size: u32, timeouts: Timeouts) -> Self {
        Self {
            pool: pool(&hosts, size, timeouts.connection),
            permits: Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(usize::MAX))),
            hosts,
            led: Arc::default(),
            liveness: Liveness::default(),
            timeouts,
            waits: None,
        }
    }

    /// The same, counting the waits for its connections.
    #[must_use]
    pub fn with_wait_metrics(self, waits: Waits) -> Self {
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
            limit: self.size(),
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

    /// Why others that hold what this one waits for do not come to an end: they are many, or the database
    /// answers nobody.
    pub async fn is_exhausted(&self) -> DatabaseError {
        if self.is_alive().await {
            DatabaseError::Exhausted
        } else {
            DatabaseError::Unavailable(None)
        }
    }

    pub(super) async fn acquire(&self) -> Result<Lease, DatabaseError> {
        let wait = self.waits.as_deref().map(Waits::begin);
        let acquired = self.acquired().await;
        if let Some(wait) = wait {
            wait.end(acquired.is_ok());
        }
        acquired
    }

    async fn acquired(&self) -> Result<Lease, DatabaseError> {
        let by = Instant::now() + self.timeouts.connection;
        let permit = Arc::clone(&self.permits).acquire_owned();
        let permit = match timeout_at(by, permit).await {
            Ok(Ok(permit)) => permit,
            // Nobody closes the semaphore.
            Ok(Err(_)) => return Err(DatabaseError::Unavailable(None)),
            Err(_) => return Err(self.is_exhausted().await),
        };
        // It is large, and would be moved with all that may wait for a connection.
        let acquiring = Box::pin(self.hosts.acquire(&self.pool, &self.led));
        // Opening a connection is not bounded by the pool's own limit once it has begun.
        match timeout_at(by, acquiring).await {
            Ok(Ok(lease)) => Ok(lease.holding(permit)),
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
            Box::pin(async move { Ok(hosts.keeps(connection, meta).await) })
        })
        .connect_lazy_with(options)
}
