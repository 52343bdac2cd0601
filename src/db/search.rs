//! Which host can be written to.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{Instant, timeout};

use super::access::{Access, access};
use super::hosts::{ConnectError, Found, HEAD_START, Hosts};

/// For how long what a search has found is taken without another one.
const KNOWN: Duration = Duration::from_millis(100);
/// How long the other hosts may take after the head start, for requests: together less than a request waits for a
/// connection.
const TRY: Duration = Duration::from_millis(200);
/// How long one host may take for work that no request waits for.
const LONG_TRY: Duration = Duration::from_secs(10);

impl Hosts {
    /// A connection beside the pools, to a host as wanted.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub(super) async fn connect(
        &self,
        change: impl Fn(PgConnectOptions) -> PgConnectOptions,
    ) -> Result<PgConnection, ConnectError> {
        if self.are_several() {
            self.search(LONG_TRY).await?;
        }
        let options = change(self.options(self.current()));
        let mut connection = in_time(LONG_TRY, options.connect()).await?;
        if self.0.target.admits(access(&mut connection).await?) {
            Ok(connection)
        } else {
            Err(ConnectError::ReadOnly)
        }
    }

    /// As [`Hosts::search`], one at a time: those who ask meanwhile share what it finds.
    pub(super) async fn find(&self) -> Found {
        let asked = Instant::now();
        let mut last = self.0.search.lock().await;
        if let Some((ended, found)) = *last
            && (ended > asked || ended.elapsed() < KNOWN)
        {
            return found;
        }
        // It is rare, and would make the future of whoever takes a connection three times as large.
        let found = match Box::pin(self.search(TRY)).await {
            Ok(()) => Found::Current,
            Err(ConnectError::ReadOnly) => Found::ReadOnly,
            Err(ConnectError::Failed(_)) => Found::Nothing,
        };
        *last = Some((Instant::now(), found));
        found
    }

    /// Makes the first host current that can write. The current one stays where it can, or where no host can
    /// and its sessions are admitted.
    ///
    /// # Errors
    /// [`ConnectError`], where no host has sessions that are admitted.
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
                    self.lead_to(host);
                    return Ok(());
                }
                Ok(access) if self.0.target.admits(access) => {
                    let is_better = host == current || admitted.is_none();
                    admitted = if is_better { Some(host) } else { admitted };
                }
                Ok(_) => failure = Some(ConnectError::ReadOnly),
                // A host that starts will serve.
                Err(error) if failure.is_none() || is_starting(&error) => {
                    failure = Some(error.into());
                }
                Err(_) => {}
            }
        }
        match (admitted, failure) {
            (Some(host), _) => {
                self.lead_to(host);
                Ok(())
            }
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(ConnectError::ReadOnly),
        }
    }

    async fn probe(&self, host: usize, time: Duration) -> Result<Access, sqlx::Error> {
        in_time(time, async {
            let mut connection = self.options(host).connect().await?;
            let access = access(&mut connection).await?;
            connection.close().await?;
            Ok(access)
        })
        .await
    }

    fn lead_to(&self, host: usize) {
        if self.0.current.swap(host, Ordering::AcqRel) != host {
            self.distrust();
            let options = self.options(host);
            let (name, port) = (options.get_host(), options.get_port());
            tracing::warn!(host = name, port, "connections go to another host now");
        }
    }
}

async fn in_time<T>(
    time: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let late = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    timeout(time, work).await.unwrap_or_else(late)
}

/// Whether the server starts, recovers or stops (57P03): it took no session.
pub fn is_starting(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|it| it.code());
    code.as_deref() == Some("57P03")
}
