//! A PostgreSQL on a port of its own, which may be the standby of another.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dossier::local_postgres::program;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tempfile::TempDir;

/// One PostgreSQL, stopped when it is dropped.
pub struct Instance {
    _directory: TempDir,
    data: PathBuf,
    port: u16,
}

impl Instance {
    /// One that can be written to.
    pub fn primary() -> Self {
        let instance = Self::nowhere();
        let folder = instance.data.display().to_string();
        instance.run(
            "initdb",
            &[
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-A",
                "trust",
                "-U",
                "postgres",
                "-D",
                &folder,
            ],
        );
        instance.start();
        instance
    }

    /// A copy of this one that follows it.
    pub fn standby(&self) -> Self {
        let instance = Self::nowhere();
        let (folder, port) = (instance.data.display().to_string(), self.port.to_string());
        let from = [
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "postgres",
            "-D",
            &folder,
        ];
        let how = ["-R", "-X", "stream", "--checkpoint=fast"];
        instance.run("pg_basebackup", &[&from[..], &how].concat());
        instance.start();
        instance
    }

    fn nowhere() -> Self {
        let directory = tempfile::tempdir().expect("a folder");
        // PostgreSQL may run as another user than the test.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).expect("permissions");
        Self {
            data: directory.path().join("data"),
            port: port(),
            _directory: directory,
        }
    }

    /// Starts it, and waits until it accepts connections.
    pub fn start(&self) {
        self.start_with("-w", "");
    }

    /// Starts it with more options, and waits until its port is open, whatever it says there.
    pub fn begin(&self, options: &str) {
        self.start_with("-W", options);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "no port");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn start_with(&self, wait: &str, options: &str) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c log_error_verbosity=terse {options}",
            self.port
        );
        let (folder, log) = (
            self.data.display().to_string(),
            self.log().display().to_string(),
        );
        self.run(
            "pg_ctl",
            &["start", wait, "-D", &folder, "-l", &log, "-o", &options],
        );
    }

    /// Stops it in order: its standby has everything then.
    pub fn stop(&self) {
        let folder = self.data.display().to_string();
        self.run("pg_ctl", &["stop", "-w", "-m", "fast", "-D", &folder]);
    }

    /// Kills all of its processes at once, as the loss of its machine would.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Stops all of its processes where they are: their connections stay open, and nothing is answered.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    fn signal(&self, signal: Signal) {
        // The postmaster first: it starts no others then.
        for process in self.processes() {
            // One that has ended meanwhile needs no signal.
            let _ = kill(Pid::from_raw(process), signal);
        }
    }

    /// The postmaster and its children; none where it does not run.
    fn processes(&self) -> Vec<i32> {
        let pid_file = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let first = pid_file.lines().next();
        let Some(postmaster) = first.and_then(|it| it.trim().parse::<i32>().ok()) else {
            return Vec::new();
        };
        let children = format!("/proc/{postmaster}/task/{postmaster}/children");
        let children = fs::read_to_string(children).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|it| it.parse().ok());
        std::iter::once(postmaster).chain(children).collect()
    }

    /// Makes a standby one that can be written to.
    pub fn promote(&self) {
        let folder = self.data.display().to_string();
        self.run("pg_ctl", &["promote", "-w", "-D", &folder]);
    }

    /// Makes it a standby of another at its next start.
    pub fn demote(&self, primary: &Self) {
        let told = format!(
            "primary_conninfo = 'host=127.0.0.1 port={} user=postgres'\n",
            primary.port
        );
        let settings = OpenOptions::new()
            .append(true)
            .open(self.data.join("postgresql.auto.conf"));
        settings
            .and_then(|mut it| it.write_all(told.as_bytes()))
            .expect("a setting");
        fs::write(self.data.join("standby.signal"), "").expect("a file");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its database, as a URL.
    pub fn url(&self) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable",
            self.port
        )
    }

    pub fn options(&self) -> PgConnectOptions {
        self.url().parse().expect("a URL")
    }

    pub async fn connect(&self) -> PgConnection {
        self.options().connect().await.expect("a connection")
    }

    fn log(&self) -> PathBuf {
        self.data.join("test.log")
    }

    #[track_caller]
    fn run(&self, name: &str, arguments: &[&str]) {
        let folder = if self.data.exists() {
            &self.data
        } else {
            self.data.parent().expect("a folder")
        };
        let mut command = program(name, folder).expect("PostgreSQL");
        let output = command
            .args(arguments)
            .output()
            .expect("a program of PostgreSQL");
        let log = || fs::read_to_string(self.log()).unwrap_or_default();
        assert!(output.status.success(), "{name}: {output:?} {}", log());
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// A free port that the system gives to nobody by itself.
fn port() -> u16 {
    (0..1_000)
        .map(|_| rand::random_range(20_000..32_000))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
