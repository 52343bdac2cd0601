//! Runs the `dossier` binary over a test database.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde_json::Value;
use sqlx::ConnectOptions;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{TestDatabase, poll};

/// API key of the bootstrapped workspace.
pub const KEY: &str = "dossier_key_of_a_process";

/// Upper bound of a start, including database recovery.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a start is tried before the test fails.
pub const START_ATTEMPTS: usize = 5;

/// A server process, killed when the test ends.
pub struct Process {
    pub address: String,
    child: Child,
    /// Log lines, parsed as JSON.
    lines: UnboundedReceiver<Value>,
}

impl Process {
    /// Starts a server and waits until it listens. A start uses the database timeouts of a request, which a
    /// busy machine can exceed; it is then repeated, as a service manager does.
    pub async fn start(database: &TestDatabase, settings: &[(&str, &str)]) -> Self {
        let url = database.options.to_url_lossy().to_string();
        Self::start_at(&url, settings).await
    }

    /// Same as [`Process::start`], for a database URL.
    pub async fn start_at(url: &str, settings: &[(&str, &str)]) -> Self {
        for _ in 0..START_ATTEMPTS {
            let mut process = Self::spawn(url, settings);
            if process.is_listening().await {
                return process;
            }
        }
        panic!("the server does not listen");
    }

    /// Starts a server without waiting.
    pub fn spawn(url: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
        let present = std::env::vars().map(|(name, _)| name);
        for name in present.filter(|it| it.starts_with("DOSSIER_")) {
            command.env_remove(name);
        }
        command
            .env("DATABASE_URL", url)
            .env("DOSSIER_LISTEN", "127.0.0.1:0")
            .env("DOSSIER_BOOTSTRAP_WORKSPACE", "First")
            .env("DOSSIER_BOOTSTRAP_KEY", KEY)
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        // Standard error is not a terminal here, so the log lines are JSON.
        let log = BufReader::new(child.stderr.take().expect("the log"));
        let (sender, lines) = unbounded_channel();
        std::thread::spawn(move || {
            // Reads to the end, because a full pipe would block the server.
            for line in log.lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                // The receiver is gone once the test has ended.
                let _ = sender.send(line);
            }
        });
        Self {
            address: String::new(),
            child,
            lines,
        }
    }

    /// Waits until the server listens.
    pub async fn wait_until_listening(&mut self) {
        assert!(
            self.is_listening().await,
            "the server exits before it listens"
        );
    }

    /// Waits until the server listens. Returns `false` if it exits before.
    async fn is_listening(&mut self) -> bool {
        let Some(line) = self.next_line("serving").await else {
            return false;
        };
        let address = line["fields"]["address"].as_str().expect("an address");
        self.address = address.to_owned();
        true
    }

    /// Waits for a log line whose message contains `words`.
    pub async fn wait_for_log(&mut self, words: &str) -> Value {
        self.next_line(words)
            .await
            .expect("the server exits without this log line")
    }

    async fn next_line(&mut self, words: &str) -> Option<Value> {
        let found = async {
            loop {
                let line = self.lines.recv().await?;
                let message = line["fields"]["message"].as_str().or(line.as_str());
                if message.is_some_and(|it| it.contains(words)) {
                    return Some(line);
                }
            }
        };
        let found = tokio::time::timeout(START_TIMEOUT, found).await;
        found.unwrap_or_else(|_| panic!("the server does not log {words:?}"))
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("the signal");
    }

    /// Returns the CPU time that the process has used.
    pub fn cpu_time(&self) -> Duration {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let clock = clock_getcpuclockid(Pid::from_raw(pid)).expect("a running process");
        clock.now().expect("the clock").into()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the process status").is_none()
    }

    /// Waits for the process to exit. Fails after [`super::LONG`].
    pub async fn wait_for_exit(&mut self) -> ExitStatus {
        poll(async || {
            let status = self.child.try_wait().expect("the process status");
            status.ok_or("the process is running")
        })
        .await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Cleans up after a failed test; does nothing if the process has exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
