//! The hosts of the database, and which of them connections go to. sqlx connects to one host; this makes it
//! several, and keeps sessions that cannot write away from writes.

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

/// How long a connection may lie idle and still be used untested. One that was lost meanwhile would
/// take a write with it, of which nobody then knows what became.
const UNTESTED: Duration = Duration::from_millis(20);
/// How long the test of an idle connection takes at most: half of the time that a request waits for one.
const TEST: Duration = Duration::from_millis(250);
/// How long the current host is waited for before the others are tried as well.
pub(super) const HEAD_START: Duration = Duration::from_millis(100);

tokio::task_local! {
    /// Whether the connection that is being acquired is an idle one that passed its test.
    static IS_TESTED: Cell<bool>;
}

/// The hosts of one database; a clone shares what is known of them.
#[derive(Debug, Clone)]
pub struct Hosts(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) list: Vec<PgConnectOptions>,
    pub(super) target: Target,
    /// The host that connections go to: the last one that was found to serve.
    pub(super) current: AtomicUsize,
    /// Connections that were opened before this moment are closed at their next use.
    distrusted: Mutex<Option<Instant>>,
    /// When the last search ended, and what it found. Locked, one is under way.
    pub(super) search: tokio::sync::Mutex<Option<(Instant, Found)>>,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// A host answers, and its sessions are not what `target_session_attrs` asks for.
    #[error("the database is read-only at the moment: no host has a session that can write")]
    ReadOnly,
    #[error("no connection to the database could be opened")]
    Failed(#[from] sqlx::Error),
}

/// What a search for a host has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The current host serves.
    Current,
    /// Hosts answer, and none of them can write.
    ReadOnly,
    /// No host answers.
    Nothing,
}

impl From<PgConnectOptions> for Hosts {
    fn from(options: PgConnectOptions) -> Self {
        Self::new(vec![options], Target::default())
    }
}

impl fmt::Display for Hosts {
    /// The database as a person names it: without a password.
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
    /// Hosts in the order in which they are tried.
    pub(super) fn new(list: Vec<PgConnectOptions>, target: Target) -> Self {
        Self(Arc::new(Inner {
            list,
            target,
            current: AtomicUsize::new(0),
            distrusted: Mutex::default(),
            search: tokio::sync::Mutex::default(),
        }))
    }

    /// The same hosts with other options for each; nothing is known of them yet.
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

    /// The options with which a pool begins.
    pub(super) fn first(&self) -> PgConnectOptions {
        self.options(0)
    }

    pub(super) fn are_several(&self) -> bool {
        self.0.list.len() > 1
    }

    pub(super) fn current(&self) -> usize {
        self.0.current.load(Ordering::Acquire)
    }

    /// The options of one host: of the first where there is no such index.
    pub(super) fn options(&self, index: usize) -> PgConnectOptions {
        let host = self.0.list.get(index).or_else(|| self.0.list.first());
        host.cloned().unwrap_or_default()
    }

    /// Closes every connection that is open now at its next use. One session that has become read-only is
    /// rarely the only one.
    pub(super) fn distrust(&self) {
        let mut distrusted = self
            .0
            .distrusted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *distrusted = Some(Instant::now());
    }

    fn is_distrusted(&self, age: Duration) -> bool {
        let distrusted = self
            .0
            .distrusted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        distrusted.is_some_and(|moment| moment.elapsed() <= age)
    }

    /// Whether an idle connection of a pool is used again. Only one that can write is.
    pub(super) async fn keeps(
        &self,
        connection: &mut PgConnection,
        meta: PoolConnectionMetadata,
    ) -> bool {
        let is_kept = !self.is_distrusted(meta.age)
            && (meta.idle_for < UNTESTED || self.still_writes(connection).await);
        // Only an acquisition tests connections.
        let _ = IS_TESTED.try_with(|it| it.set(is_kept));
        is_kept
    }

    async fn still_writes(&self, connection: &mut PgConnection) -> bool {
        match timeout(TEST, access(connection)).await {
            Ok(Ok(Access::ReadWrite)) => true,
            Ok(Err(_)) => false,
            // The server is a standby now, or silent: so it is for the connections beside this one.
            Ok(Ok(_)) | Err(_) => {
                self.distrust();
                false
            }
        }
    }

    /// A connection of a pool, to a host as wanted. `led` is the host to which the pool was led last.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub(super) async fn acquire(
        &self,
        pool: &PgPool,
        led: &AtomicUsize,
    ) -> Result<Lease, ConnectError> {
        loop {
            let host = self.current();
            if led.swap(host, Ordering::AcqRel) != host {
                pool.set_connect_options(self.options(host));
            }
            let acquiring = IS_TESTED.scope(Cell::new(false), async {
                let acquired = pool.acquire().await;
                (acquired, IS_TESTED.with(Cell::get))
            });
            let (acquired, is_tested) = tokio::select! {
                biased;
                acquired = acquiring => acquired,
                found = self.elsewhere(host) => match found {
                    Found::ReadOnly => return Err(ConnectError::ReadOnly),
                    Found::Current | Found::Nothing => continue,
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
                    Found::ReadOnly => return Err(ConnectError::ReadOnly),
                    Found::Current if self.current() != host => {}
                    Found::Current | Found::Nothing => return Err(error.into()),
                },
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A new connection, if its session is as wanted; none where another host has better ones.
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

    /// Resolves when a connection to this host takes long, and another host is the current one by then, or
    /// none can write. Where all connections are in use, the host answers, and this never resolves.
    async fn elsewhere(&self, host: usize) -> Found {
        if !self.are_several() {
            return std::future::pending().await;
        }
        loop {
            sleep(HEAD_START).await;
            let found = self.find().await;
            if found == Found::ReadOnly || self.current() != host {
                return found;
            }
        }
    }
}
