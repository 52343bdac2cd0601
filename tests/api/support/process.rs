//! The binary over a database of a test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde_json::Value;
use sqlx::ConnectOptions;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{LONG, TestDatabase};

/// The key of its only workspace.
pub const KEY: &str = "dossier_key_of_a_process";

/// More than a start takes, a database that recovers included.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a server is started until it listens.
pub const STARTS: usize = 5;

/// A server that runs as a process of its own, and is killed with its test.
pub struct Process {
    pub address: String,
    child: Child,
    /// The fields of each line of its log.
    lines: UnboundedReceiver<Value>,
}

impl Process {
    /// Starts one; resolves when it listens. A start gives up on its database as soon as a request does, which a
    /// busy machine may be too late for: it is started again then, as whoever runs a server does.
    pub async fn start(database: &TestDatabase, settings: &[(&str, &str)]) -> Self {
        let url = database.options.to_url_lossy().to_string();
        Self::over(&url, settings).await
    }

    /// The same over a database at a URL.
    pub async fn over(url: &str, settings: &[(&str, &str)]) -> Self {
        for _ in 0..STARTS {
            let mut process = Self::begin(url, settings);
            if process.has_listened().await {
                return process;
            }
        }
        panic!("it does not listen");
    }

    /// Starts one, and waits for nothing.
    pub fn begin(url: &str, settings: &[(&str, &str)]) -> Self {
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
        // Standard error is no terminal here, and its lines are JSON.
        let logged = BufReader::new(child.stderr.take().expect("its log"));
        let (sender, lines) = unbounded_channel();
        std::thread::spawn(move || {
            // To the end, since a full pipe would stop the server.
            for line in logged.lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                // A test that has ended reads no more.
                let _ = sender.send(line);
            }
        });
        Self {
            address: String::new(),
            child,
            lines,
        }
    }

    /// Waits until it listens.
    pub async fn listens(&mut self) {
        assert!(self.has_listened().await, "it ends before it listens");
    }

    /// The same; false where it ends before.
    async fn has_listened(&mut self) -> bool {
        let Some(line) = self.next_line("serving").await else {
            return false;
        };
        let address = line["fields"]["address"].as_str().expect("an address");
        self.address = address.to_owned();
        true
    }

    /// Waits for a line of its log with these words.
    pub async fn logs(&mut self, words: &str) -> Value {
        self.next_line(words).await.expect("a log that goes on")
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
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("it does not log {words:?}"))
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("the signal");
    }

    /// How long it has computed, whatever else the machine has to do.
    pub fn cpu_time(&self) -> Duration {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let clock = clock_getcpuclockid(Pid::from_raw(pid)).expect("a running process");
        clock.now().expect("its clock").into()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// How it ended; a test that waits in vain fails.
    pub async fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            assert!(begun.elapsed() < LONG, "it does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Of a test that has failed; one that has ended is not hurt.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
