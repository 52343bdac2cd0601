//! A PostgreSQL server on its own port, which may be a standby of another.

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

/// A PostgreSQL server, killed when it is dropped.
pub struct Instance {
    _directory: TempDir,
    data: PathBuf,
    port: u16,
}

impl Instance {
    /// Starts a server that accepts writes.
    pub fn primary() -> Self {
        let instance = Self::not_started();
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

    /// Starts a standby that replicates this server.
    pub fn standby(&self) -> Self {
        let instance = Self::not_started();
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
        let options = ["-R", "-X", "stream", "--checkpoint=fast"];
        instance.run("pg_basebackup", &[&from[..], &options].concat());
        instance.start();
        instance
    }

    fn not_started() -> Self {
        let directory = tempfile::tempdir().expect("a folder");
        // PostgreSQL may run as a different user than the test.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).expect("permissions");
        Self {
            data: directory.path().join("data"),
            port: port(),
            _directory: directory,
        }
    }

    /// Starts the server and waits until it accepts connections.
    pub fn start(&self) {
        self.pg_ctl_start("-w", "");
    }

    /// Starts the server with extra options and waits until its port is open. It may still reject
    /// connections.
    pub fn start_until_port_is_open(&self, options: &str) {
        self.pg_ctl_start("-W", options);
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "the port stays closed"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn pg_ctl_start(&self, wait: &str, options: &str) {
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

    /// Stops the server cleanly, after its standby has received everything.
    pub fn stop(&self) {
        let folder = self.data.display().to_string();
        self.run("pg_ctl", &["stop", "-w", "-m", "fast", "-D", &folder]);
    }

    /// Kills all its processes at once, as the loss of a machine would.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Freezes all its processes: connections stay open, but nothing responds.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    fn signal(&self, signal: Signal) {
        // The postmaster comes first, so that it cannot start new processes.
        for process in self.processes() {
            // A process that has ended in the meantime needs no signal.
            let _ = kill(Pid::from_raw(process), signal);
        }
    }

    /// Returns the process ids of the postmaster and its children, or nothing if the server does not run.
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

    /// Promotes a standby to a primary.
    pub fn promote(&self) {
        let folder = self.data.display().to_string();
        self.run("pg_ctl", &["promote", "-w", "-D", &folder]);
    }

    /// Makes this server a standby of `primary` at its next start.
    pub fn demote(&self, primary: &Self) {
        let setting = format!(
            "primary_conninfo = 'host=127.0.0.1 port={} user=postgres'\n",
            primary.port
        );
        let settings = OpenOptions::new()
            .append(true)
            .open(self.data.join("postgresql.auto.conf"));
        settings
            .and_then(|mut it| it.write_all(setting.as_bytes()))
            .expect("a setting");
        fs::write(self.data.join("standby.signal"), "").expect("a file");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the URL of its database.
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

/// Finds a free port below the ephemeral range.
fn port() -> u16 {
    (0..1_000)
        .map(|_| rand::random_range(20_000..32_000))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
