//! A PostgreSQL server that a test can stop.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tempfile::TempDir;

use dossier::local_postgres::LocalPostgres;

use super::directory;

/// A cluster for one test, which outlives the servers that use it.
pub struct Postgres {
    cluster: Option<LocalPostgres>,
    options: PgConnectOptions,
    directory: TempDir,
}

impl Postgres {
    pub async fn start() -> Self {
        let directory = directory();
        let cluster = cluster(&directory).await;
        let options = cluster.options("postgres");
        Self {
            cluster: Some(cluster),
            options,
            directory,
        }
    }

    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    pub fn url(&self) -> String {
        self.options.to_url_lossy().to_string()
    }

    pub async fn connect(&self) -> PgConnection {
        self.options.connect().await.expect("a connection")
    }

    /// Stops it: SIGQUIT immediately and without a checkpoint, SIGINT with a clean shutdown.
    pub async fn stop(&mut self, signal: Signal) {
        let cluster = self.cluster.take().expect("a running cluster");
        let pid = i32::try_from(cluster.process_id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("the signal");
        // Dropping waits for the exit. Its fast shutdown does not interrupt an immediate one.
        let ended = tokio::task::spawn_blocking(move || drop(cluster)).await;
        ended.expect("no panic");
    }

    /// Starts it again over the same data.
    pub async fn start_again(&mut self) {
        self.cluster = Some(cluster(&self.directory).await);
    }
}

async fn cluster(directory: &TempDir) -> LocalPostgres {
    let path = directory.path().to_owned();
    let started = tokio::task::spawn_blocking(move || LocalPostgres::start(&path)).await;
    started.expect("no panic").expect("a cluster")
}
