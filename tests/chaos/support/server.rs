//! The binary, as a process of its own that can be killed.

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

/// The key of the workspace that the tests work in.
pub const KEY: &str = "dossier_chaos_key_of_this_run";

/// A server over a private cluster, or over the database that it is given.
pub struct Server {
    directory: PathBuf,
    /// Elsewhere, where the directory may be full.
    logs: TempDir,
    port: u16,
    settings: Vec<(&'static str, String)>,
    child: Option<Child>,
    client: reqwest::Client,
}

impl Server {
    /// One with a private cluster in the folder.
    pub async fn private(directory: &Path, settings: &[(&'static str, &str)]) -> Self {
        let key = ("DOSSIER_SANDBOX_KEY", KEY);
        Self::start(directory, &[&[key], settings].concat()).await
    }

    /// One over a database, which works in the folder.
    pub async fn over(url: &str, directory: &Path, settings: &[(&'static str, &str)]) -> Self {
        let own = [
            ("DATABASE_URL", url),
            ("DOSSIER_BOOTSTRAP_WORKSPACE", "Chaos"),
            ("DOSSIER_BOOTSTRAP_KEY", KEY),
            // A storm is more than anybody may send.
            ("DOSSIER_RATE_LIMIT_READ", "0"),
            ("DOSSIER_RATE_LIMIT_WRITE", "0"),
        ];
        Self::start(directory, &[&own, settings].concat()).await
    }

    async fn start(directory: &Path, settings: &[(&'static str, &str)]) -> Self {
        // It fails where one is installed already, which does as well.
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

    /// Starts the binary, and waits until it can serve; the address stays the same.
    pub async fn start_again(&mut self) {
        let mut log = OpenOptions::new();
        let log = log.create(true).append(true).open(self.log_file());
        let log = log.expect("a log file");
        let child = self.command().stderr(log).spawn();
        self.child = Some(child.expect("the binary starts"));
        let begun = Instant::now();
        while !self.is_ready().await {
            assert!(self.is_running(), "the server ended: {}", self.log());
            assert!(begun.elapsed() < LONG, "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The binary with the settings of this server, for another command of it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
        let inherited = std::env::vars().map(|(name, _)| name);
        for name in inherited.filter(|it| it.starts_with("DOSSIER_") || it == "DATABASE_URL") {
            command.env_remove(name);
        }
        // Away from the project's own .env.
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

    /// Whether the process is the one that was started.
    pub fn is_running(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    pub async fn is_ready(&self) -> bool {
        let ready = self.client.get(format!("{}/readyz", self.base()));
        let answer = ready.timeout(Duration::from_secs(2)).send().await;
        answer.is_ok_and(|it| it.status() == 200)
    }

    /// Kills the process, which leaves what it was at.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Where it has ended already there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it in order: its private cluster ends with it.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().expect("a running server");
        let pid = i32::try_from(child.id()).expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("the signal");
        let ended = tokio::task::spawn_blocking(move || child.wait()).await;
        ended.expect("the wait ends").expect("it ends");
    }

    /// How to connect to its private cluster.
    pub fn cluster(&self) -> PgConnectOptions {
        LocalPostgres::options_in(&self.directory)
    }

    /// The postmaster of its private cluster, if one runs.
    pub fn postmaster(&self) -> Option<Pid> {
        let data = self.directory.join("postgres");
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let pid: i32 = text.lines().next()?.trim().parse().ok()?;
        // The number may have gone to another process since.
        let works_here = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data);
        works_here.then(|| Pid::from_raw(pid))
    }

    /// What it logged since the first start, warnings and worse.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.logs.path().join("server.log")
    }
}

impl Drop for Server {
    /// Also where the test failed: nothing of it may go on.
    fn drop(&mut self) {
        self.kill();
        if let Some(postmaster) = self.postmaster() {
            let _ = kill(postmaster, Signal::SIGQUIT);
            let begun = Instant::now();
            while self.postmaster().is_some() && begun.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// A free port that the system gives to nobody by itself: a client that calls a dead server from the
/// very port that it calls would be connected to itself.
fn port() -> u16 {
    (0..1_000)
        .map(|_| rand::random_range(20_000..32_000))
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
