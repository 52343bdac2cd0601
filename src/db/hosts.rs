//! The hosts of the database. sqlx connects to one host; this module selects one of several, and prevents writes on
//! sessions that cannot write.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::{PoolConnection, PoolConnectionMetadata};
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgConnection, PgPool, Postgres};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};

use super::access::{Access, access};
use super::lease::Lease;
use super::target::Target;

/// How long a connection may be idle without a test before its next use. If a write is sent on a connection that was
/// lost in this time, its outcome is unknown.
const MAX_UNTESTED_IDLE: Duration = Duration::from_millis(20);
/// Maximum duration of the test of an idle connection: half of the time that a request waits for a connection.
const TEST_TIMEOUT: Duration = Duration::from_millis(250);
/// How long only the current host is tried before the others are tried, too.
pub(super) const HEAD_START: Duration = Duration::from_millis(100);

tokio::task_local! {
    /// Whether the acquired connection is an idle one that passed its test.
    static IS_TESTED: Cell<bool>;
}

/// The hosts of one database. A clone shares their state.
#[derive(Debug, Clone)]
pub struct Hosts(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) list: Vec<PgConnectOptions>,
    pub(super) target: Target,
    /// The index of the host that new connections use.
    pub(super) current: AtomicUsize,
    /// Connections that were opened before this time are closed at their next use.
    invalid_before: Mutex<Option<Instant>>,
    /// The end and the result of the last search. Locked while a search runs.
    pub(super) search: tokio::sync::Mutex<Option<(Instant, SearchResult)>>,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// A host responds, but its sessions do not match `target_session_attrs`.
    #[error("the database is read-only at the moment: no host has a session that can write")]
    ReadOnly,
    #[error("no connection to the database could be opened")]
    Failed(#[from] sqlx::Error),
}

/// The result of a search for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchResult {
    /// The current host has usable sessions.
    Current,
    /// Hosts respond, but none has usable sessions.
    ReadOnly,
    /// No host responds.
    Unreachable,
}

impl From<PgConnectOptions> for Hosts {
    fn from(options: PgConnectOptions) -> Self {
        Self::new(vec![options], Target::default())
    }
}

impl fmt::Display for Hosts {
    /// Formats the database for people, without its password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first();
        let user = first.get_username();
        let database = first.get_database().unwrap_or(user);
        write!(formatter, "the database {database} on ")?;
        for (index, host) in self.0.list.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match host.get_socket() {
                Some(folder) => write!(formatter, "{comma}{}", folder.display())?,
                None => write!(formatter, "{comma}{}:{}", host.get_host(), host.get_port())?,
            }
        }
        write!(formatter, " as {user}")
    }
}

impl Hosts {
    /// Creates a list of hosts; the first is the current one.
    pub(super) fn new(list: Vec<PgConnectOptions>, target: Target) -> Self {
        Self(Arc::new(Inner {
            list,
            target,
            current: AtomicUsize::new(0),
            invalid_before: Mutex::default(),
            search: tokio::sync::Mutex::default(),
        }))
    }

    /// Returns the hosts with changed options and a new state.
    #[must_use]
    pub(super) fn map(&self, change: impl Fn(PgConnectOptions) -> PgConnectOptions) -> Self {
        let list = self.0.list.iter().cloned().map(change).collect();
        Self::new(list, self.0.target)
    }

    #[cfg(test)]
    pub(super) fn list(&self) -> &[PgConnectOptions] {
        &self.0.list
    }

    #[cfg(test)]
    pub(super) fn target(&self) -> Target {
        self.0.target
    }

    /// Returns the options of the first host.
    pub(super) fn first(&self) -> PgConnectOptions {
        self.options(0)
    }

    pub(super) fn are_several(&self) -> bool {
        self.0.list.len() > 1
    }

    pub(super) fn current(&self) -> usize {
        self.0.current.load(Ordering::Acquire)
    }

    /// Returns the options of one host, or of the first if there is no such index.
    pub(super) fn options(&self, index: usize) -> PgConnectOptions {
        let host = self.0.list.get(index).or_else(|| self.0.list.first());
        host.cloned().unwrap_or_default()
    }

    /// Closes every open connection at its next use. If one session has become read-only, others usually have, too.
    pub(super) fn invalidate_connections(&self) {
        let mut invalid_before = self
            .0
            .invalid_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *invalid_before = Some(Instant::now());
    }

    fn is_invalid(&self, age: Duration) -> bool {
        let invalid_before = self
            .0
            .invalid_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        invalid_before.is_some_and(|time| time.elapsed() <= age)
    }

    /// Whether an idle connection of a pool may be used again: only if it can write.
    pub(super) async fn may_reuse(
        &self,
        connection: &mut PgConnection,
        meta: PoolConnectionMetadata,
    ) -> bool {
        let is_reusable = !self.is_invalid(meta.age)
            && (meta.idle_for < MAX_UNTESTED_IDLE || self.can_still_write(connection).await);
        // Fails outside `acquire`, which sets the value.
        let _ = IS_TESTED.try_with(|it| it.set(is_reusable));
        is_reusable
    }

    async fn can_still_write(&self, connection: &mut PgConnection) -> bool {
        match timeout(TEST_TIMEOUT, access(connection)).await {
            Ok(Ok(Access::ReadWrite)) => true,
            Ok(Err(_)) => false,
            // The server is a standby now, or does not respond, which affects the other connections, too.
            Ok(Ok(_)) | Err(_) => {
                self.invalidate_connections();
                false
            }
        }
    }

    /// Acquires a connection of a pool with a session that `target_session_attrs` admits. `pool_host` is the host that
    /// the pool connects to.
    ///
    /// # Errors
    /// Returns [`ConnectError::ReadOnly`] if no host has such a session, and `Failed` if no connection can be opened.
    pub(super) async fn acquire(
        &self,
        pool: &PgPool,
        pool_host: &AtomicUsize,
    ) -> Result<Lease, ConnectError> {
        loop {
            let host = self.current();
            if pool_host.swap(host, Ordering::AcqRel) != host {
                pool.set_connect_options(self.options(host));
            }
            let acquiring = IS_TESTED.scope(Cell::new(false), async {
                let acquired = pool.acquire().await;
                (acquired, IS_TESTED.with(Cell::get))
            });
            let (acquired, is_tested) = tokio::select! {
                biased;
                acquired = acquiring => acquired,
                found = self.other_host(host) => match found {
                    SearchResult::ReadOnly => return Err(ConnectError::ReadOnly),
                    SearchResult::Current | SearchResult::Unreachable => continue,
                },
            };
            match acquired {
                Ok(connection) if is_tested => return Ok(Lease::new(connection, true)),
                Ok(connection) => {
                    if let Some(lease) = self.admit(connection, host).await? {
                        return Ok(lease);
                    }
                }
                Err(error) if self.are_several() => match self.find().await {
                    SearchResult::ReadOnly => return Err(ConnectError::ReadOnly),
                    SearchResult::Current if self.current() != host => {}
                    SearchResult::Current | SearchResult::Unreachable => return Err(error.into()),
                },
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Returns a new connection if its session is admitted, or `None` if another host became the current one.
    async fn admit(
        &self,
        mut connection: PoolConnection<Postgres>,
        host: usize,
    ) -> Result<Option<Lease>, ConnectError> {
        let access = match access(&mut connection).await {
            Ok(access) => access,
            Err(error) => {
                drop(connection.detach());
                return Err(error.into());
            }
        };
        let lease = Lease::new(connection, access.can_write());
        if access.can_write() {
            return Ok(Some(lease));
        }
        if self.are_several() {
            self.find().await;
            if self.current() != host {
                return Ok(None);
            }
        }
        if self.0.target.admits(access) {
            Ok(Some(lease))
        } else {
            Err(ConnectError::ReadOnly)
        }
    }

    /// Resolves when a connection to this host takes long and a search finds another host, or no host that can write.
    /// If the wait has another cause, because all connections are in use, the current host responds and this never
    /// resolves.
    async fn other_host(&self, host: usize) -> SearchResult {
        if !self.are_several() {
            return std::future::pending().await;
        }
        loop {
            sleep(HEAD_START).await;
            let found = self.find().await;
            if found == SearchResult::ReadOnly || self.current() != host {
                return found;
            }
        }
    }
}
