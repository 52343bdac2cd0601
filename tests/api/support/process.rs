//! The binary over a database of a test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use sqlx::ConnectOptions;

use super::TestDatabase;

/// The key of its only workspace.
pub const KEY: &str = "dossier_key_of_a_process";

/// A server that runs as a process of its own, and is killed with its test.
pub struct Process {
    pub address: String,
    child: Child,
}

impl Process {
    /// Starts one; resolves when it listens.
    pub async fn start(database: &TestDatabase, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
        let present = std::env::vars().map(|(name, _)| name);
        for name in present.filter(|it| it.starts_with("DOSSIER_")) {
            command.env_remove(name);
        }
        let url = database.options.to_url_lossy().to_string();
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
        let (sender, address) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut sender = Some(sender);
            // To the end, since a full pipe would stop the server.
            for line in logged.lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                let address = line["fields"]["address"].as_str();
                if let Some((address, sender)) = address.zip(sender.take_if(|_| address.is_some()))
                {
                    // A test that failed in the meantime does not wait.
                    let _ = sender.send(address.to_owned());
                }
            }
        });
        let address = address.await.expect("it listens");
        Self { address, child }
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("the signal");
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
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
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
