//! The search for a host that can write.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{Instant, timeout};

use super::access::{Access, access};
use super::hosts::{ConnectError, HEAD_START, Hosts, SearchResult};

/// How long the result of a search is used before another search.
const RESULT_TTL: Duration = Duration::from_millis(100);
/// Maximum duration of the probes for a request after the head start. Both together are shorter than the time that a
/// request waits for a connection.
const PROBE_TIMEOUT: Duration = Duration::from_millis(200);
/// Maximum duration of the probe of one host for work that no request waits for.
const LONG_PROBE_TIMEOUT: Duration = Duration::from_secs(10);

impl Hosts {
    /// Opens a connection outside the pools, with a session that `target_session_attrs` admits.
    ///
    /// # Errors
    /// Returns [`ConnectError::ReadOnly`] if no host has such a session, and `Failed` if no connection can be opened.
    pub(super) async fn connect(
        &self,
        change: impl Fn(PgConnectOptions) -> PgConnectOptions,
    ) -> Result<PgConnection, ConnectError> {
        if self.are_several() {
            self.search(LONG_PROBE_TIMEOUT).await?;
        }
        let options = change(self.options(self.current()));
        let mut connection = within(LONG_PROBE_TIMEOUT, options.connect()).await?;
        if self.0.target.admits(access(&mut connection).await?) {
            Ok(connection)
        } else {
            Err(ConnectError::ReadOnly)
        }
    }

    /// Runs [`Hosts::search`], one at a time. Concurrent callers share the result.
    pub(super) async fn find(&self) -> SearchResult {
        let started = Instant::now();
        let mut last = self.0.search.lock().await;
        if let Some((ended, found)) = *last
            && (ended > started || ended.elapsed() < RESULT_TTL)
        {
            return found;
        }
        // Boxed, because it is rare and would make the future of an acquisition three times as large.
        let found = match Box::pin(self.search(PROBE_TIMEOUT)).await {
            Ok(()) => SearchResult::Current,
            Err(ConnectError::ReadOnly) => SearchResult::ReadOnly,
            Err(ConnectError::Failed(_)) => SearchResult::Unreachable,
        };
        *last = Some((Instant::now(), found));
        found
    }

    /// Switches to the first host that can write. Keeps the current host if it can write, or if no host can write and
    /// its sessions are admitted.
    ///
    /// # Errors
    /// Returns [`ConnectError`] if no host has sessions that are admitted.
    async fn search(&self, time: Duration) -> Result<(), ConnectError> {
        let current = self.current();
        if let Ok(Access::ReadWrite) = self.probe(current, HEAD_START).await {
            return Ok(());
        }
        let probes = (0..self.0.list.len()).map(async |it| (it, self.probe(it, time).await));
        let mut probes: FuturesUnordered<_> = probes.collect();
        let mut admitted = None;
        let mut failure = None;
        while let Some((host, probed)) = probes.next().await {
            match probed {
                Ok(Access::ReadWrite) => {
                    self.switch_to(host);
                    return Ok(());
                }
                Ok(access) if self.0.target.admits(access) => {
                    let is_better = host == current || admitted.is_none();
                    admitted = if is_better { Some(host) } else { admitted };
                }
                Ok(_) => failure = Some(ConnectError::ReadOnly),
                // Prefer the error of a starting host, because it will be ready soon.
                Err(error) if failure.is_none() || is_starting(&error) => {
                    failure = Some(error.into());
                }
                Err(_) => {}
            }
        }
        match (admitted, failure) {
            (Some(host), _) => {
                self.switch_to(host);
                Ok(())
            }
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(ConnectError::ReadOnly),
        }
    }

    async fn probe(&self, host: usize, time: Duration) -> Result<Access, sqlx::Error> {
        within(time, async {
            let mut connection = self.options(host).connect().await?;
            let access = access(&mut connection).await?;
            connection.close().await?;
            Ok(access)
        })
        .await
    }

    fn switch_to(&self, host: usize) {
        if self.0.current.swap(host, Ordering::AcqRel) != host {
            self.invalidate_connections();
            let options = self.options(host);
            let (name, port) = (options.get_host(), options.get_port());
            tracing::warn!(host = name, port, "switched to another database host");
        }
    }
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let timed_out = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    timeout(time, work).await.unwrap_or_else(timed_out)
}

/// Whether the server starts, recovers or stops (57P03) and accepted no session.
pub fn is_starting(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|it| it.code());
    code.as_deref() == Some("57P03")
}
