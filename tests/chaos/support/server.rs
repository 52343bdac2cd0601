//! The `dossier` binary as a process that tests can kill.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dossier::local_postgres::LocalPostgres;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

use super::LONG;

/// API key of the workspace.
pub const KEY: &str = "dossier_chaos_key_of_this_run";

/// A server over a private cluster or an external database.
pub struct Server {
    directory: PathBuf,
    /// A separate folder, since the disk of `directory` can be full.
    logs: TempDir,
    port: u16,
    settings: Vec<(&'static str, String)>,
    child: Option<Child>,
    client: reqwest::Client,
}

impl Server {
    /// Starts a server with a private cluster in the folder.
    pub async fn private(directory: &Path, settings: &[(&'static str, &str)]) -> Self {
        let key = ("DOSSIER_SANDBOX_KEY", KEY);
        Self::start(directory, &[&[key], settings].concat()).await
    }

    /// Starts a server over a database, with the folder as its working directory.
    pub async fn with_database(
        url: &str,
        directory: &Path,
        settings: &[(&'static str, &str)],
    ) -> Self {
        let defaults = [
            ("DATABASE_URL", url),
            ("DOSSIER_BOOTSTRAP_WORKSPACE", "Chaos"),
            ("DOSSIER_BOOTSTRAP_KEY", KEY),
            // The load exceeds the rate limits.
            ("DOSSIER_RATE_LIMIT_READ", "0"),
            ("DOSSIER_RATE_LIMIT_WRITE", "0"),
        ];
        Self::start(directory, &[&defaults, settings].concat()).await
    }

    async fn start(directory: &Path, settings: &[(&'static str, &str)]) -> Self {
        // Fails if a provider is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let mut server = Self {
            directory: directory.to_owned(),
            logs: super::directory(),
            port: port(),
            settings: settings.collect(),
            child: None,
            client: reqwest::Client::new(),
        };
        server.start_again().await;
        server
    }

    /// Starts the binary at the same address as before, and waits until it is ready.
    pub async fn start_again(&mut self) {
        let mut log = OpenOptions::new();
        let log = log.create(true).append(true).open(self.log_file());
        let log = log.expect("a log file");
        let child = self.command().stderr(log).spawn();
        self.child = Some(child.expect("the binary starts"));
        let started = Instant::now();
        while !self.is_ready().await {
            assert!(self.is_running(), "the server exited: {}", self.log());
            assert!(started.elapsed() < LONG, "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the binary with the settings of this server, for another command.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
        let inherited = std::env::vars().map(|(name, _)| name);
        for name in inherited.filter(|it| it.starts_with("DOSSIER_") || it == "DATABASE_URL") {
            command.env_remove(name);
        }
        // Outside the project folder, which can have a `.env`.
        command
            .current_dir(&self.directory)
            .env("DOSSIER_DATA_DIR", &self.directory)
            .env("DOSSIER_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("DOSSIER_LOG", "warn")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Returns `true` if the started process still runs.
    pub fn is_running(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    pub async fn is_ready(&self) -> bool {
        let ready = self.client.get(format!("{}/readyz", self.base()));
        let response = ready.timeout(Duration::from_secs(2)).send().await;
        response.is_ok_and(|it| it.status() == 200)
    }

    /// Kills the process.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The process may have exited already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops the server cleanly, with its private cluster.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().expect("a running server");
        let pid = i32::try_from(child.id()).expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("the signal");
        let ended = tokio::task::spawn_blocking(move || child.wait()).await;
        ended.expect("no panic").expect("an exit status");
    }

    /// Returns the connection options of its private cluster.
    pub fn cluster(&self) -> PgConnectOptions {
        LocalPostgres::options_in(&self.directory)
    }

    /// Returns the postmaster of its private cluster, if one runs.
    pub fn postmaster(&self) -> Option<Pid> {
        let data = self.directory.join("postgres");
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let pid: i32 = text.lines().next()?.trim().parse().ok()?;
        // Another process may have the same pid by now.
        let is_postmaster = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data);
        is_postmaster.then(|| Pid::from_raw(pid))
    }

    /// Returns the log since the first start: warnings and errors.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.logs.path().join("server.log")
    }
}

impl Drop for Server {
    /// Stops everything, also after a failed test.
    fn drop(&mut self) {
        self.kill();
        if let Some(postmaster) = self.postmaster() {
            let _ = kill(postmaster, Signal::SIGQUIT);
            let started = Instant::now();
            while self.postmaster().is_some() && started.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Finds a free port below the ephemeral range: a client that calls a stopped server from that same port
/// would connect to itself.
fn port() -> u16 {
    (0..1_000)
        .map(|_| rand::random_range(20_000..32_000))
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
