//! The server under measurement, its PostgreSQL, and what they use.

use std::fmt;
use std::ops::Sub;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use dossier::local_postgres::LocalPostgres;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use tempfile::TempDir;

use crate::client::{Load, Shape};
use crate::support;

/// The key of the sandbox.
pub const KEY: &str = "dossier_sandbox";

/// What is started as a server: a binary, with settings beyond those that every server here has.
#[derive(Debug, Clone)]
pub struct Program {
    binary: PathBuf,
    settings: Vec<(String, String)>,
}

impl Program {
    /// The server that was built with this benchmark.
    pub fn built() -> Self {
        Self {
            binary: env!("CARGO_BIN_EXE_dossier").into(),
            settings: Vec::new(),
        }
    }
}

impl FromStr for Program {
    type Err = std::io::Error;

    /// As a shell has it: `NAME=value` any number of times, then the path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split_whitespace().peekable();
        let mut settings = Vec::new();
        while let Some((name, value)) = words.peek().and_then(|it| it.split_once('=')) {
            settings.push((name.to_owned(), value.to_owned()));
            words.next();
        }
        // It is started in a folder of its own.
        let binary = std::path::absolute(words.collect::<Vec<_>>().join(" "))?;
        Ok(Self { binary, settings })
    }
}

impl fmt::Display for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.settings {
            write!(formatter, "{name}={value} ")?;
        }
        self.binary.display().fmt(formatter)
    }
}

/// A running server with its private cluster.
pub struct Server {
    pub port: u16,
    pub directory: TempDir,
    child: Child,
}

/// What is set for PostgreSQL, between its two starts: counting statements, where the module is there.
const COUNTING: &str = "shared_preload_libraries = 'pg_stat_statements'\n";

/// How long it took until a first case was there.
#[derive(Debug, Clone, Copy)]
pub struct Starts {
    /// On an empty data directory.
    pub first: Duration,
    /// On one that is there.
    pub again: Duration,
}

/// Processor time that was used.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    pub server: Duration,
    pub postgres: Duration,
    /// That of the clients, which is this process.
    pub clients: Duration,
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            postgres: self.postgres.saturating_sub(before.postgres),
            clients: self.clients.saturating_sub(before.clients),
        }
    }
}

impl Server {
    /// Starts it twice: on an empty data directory, and on that again.
    pub async fn start(program: &Program) -> (Self, Starts) {
        let directory = tempfile::tempdir().expect("a folder");
        // As root, PostgreSQL runs as another user, who must reach its data.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), open).expect("permissions");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let (child, first) = start(program, directory.path(), port).await;
        let server = Self {
            port,
            directory,
            child,
        };
        let directory = server.stop();
        if counts_statements() {
            let file = directory.path().join("postgres/postgresql.auto.conf");
            let mut settings = std::fs::read_to_string(&file).expect("the settings");
            settings.push_str(COUNTING);
            std::fs::write(file, settings).expect("the settings");
        }
        let (child, again) = start(program, directory.path(), port).await;
        let server = Self {
            port,
            directory,
            child,
        };
        if counts_statements() {
            server.execute("CREATE EXTENSION pg_stat_statements").await;
        }
        (server, Starts { first, again })
    }

    /// Stops it; the data stays.
    pub fn stop(mut self) -> TempDir {
        signal(&self.child, Signal::SIGTERM);
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "the server ended with {status}");
        self.directory
    }

    /// A way to its database.
    pub fn options(&self) -> PgConnectOptions {
        LocalPostgres::options_in(self.directory.path())
    }

    /// A connection to its database.
    pub async fn connect(&self) -> PgConnection {
        self.options().connect().await.expect("a connection")
    }

    /// Runs statements in its database.
    pub async fn execute(&self, statements: &str) {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements));
        let mut connection = self.connect().await;
        let done = statements.execute(&mut connection).await;
        done.expect("the statements");
    }

    /// How many statements the server has sent so far, each of which is a round trip; none where
    /// nobody counts.
    pub async fn statements(&self) -> Option<f64> {
        if !counts_statements() {
            return None;
        }
        let mut connection = self.connect().await;
        let count =
            sqlx::query_scalar("SELECT sum(calls)::float8 FROM pg_stat_statements WHERE toplevel");
        Some(count.fetch_one(&mut connection).await.expect("a count"))
    }

    /// The processor time that server and PostgreSQL have used so far.
    pub fn cpu(&self) -> Cpu {
        let postmaster = self.postmaster();
        let children = children(postmaster).into_iter().map(|it| used(it, false));
        Cpu {
            server: used(self.child.id(), false),
            // Those of connections that were closed are counted with the postmaster.
            postgres: used(postmaster, true) + children.sum::<Duration>(),
            clients: used(std::process::id(), false),
        }
    }

    /// The most memory that the server has used since it was asked the last time, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a status");
        let line = status.lines().find(|it| it.starts_with("VmHWM:"));
        let kib = line.and_then(|it| it.split_whitespace().nth(1));
        let peak = 1024 * kib.and_then(|it| it.parse::<u64>().ok()).expect("a size");
        // Linux: a five makes what is used now the peak.
        let forget = format!("/proc/{}/clear_refs", self.child.id());
        std::fs::write(forget, "5").expect("the peak is forgotten");
        peak
    }

    fn postmaster(&self) -> u32 {
        let file = self.directory.path().join("postgres/postmaster.pid");
        let text = std::fs::read_to_string(file).expect("a pid file");
        let pid = text.lines().next().and_then(|it| it.parse().ok());
        pid.expect("a pid")
    }
}

/// Folders where something of an installed PostgreSQL is: what `pg_config` says to this option, and
/// this part of the usual place.
pub fn folders(option: &str, part: &str) -> impl Iterator<Item = PathBuf> {
    let told = Command::new("pg_config").arg(option).output().ok();
    let told = told.filter(|it| it.status.success());
    let told = told.map(|it| PathBuf::from(String::from_utf8_lossy(&it.stdout).trim()));
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter();
    let installed = installed.flatten().flatten();
    let installed = installed.map(|it| it.path().join(part)).collect::<Vec<_>>();
    told.into_iter().chain(installed)
}

fn counts_statements() -> bool {
    folders("--pkglibdir", "lib").any(|it| it.join("pg_stat_statements.so").is_file())
}

async fn start(program: &Program, directory: &Path, port: u16) -> (Child, Duration) {
    let begun = Instant::now();
    let child = Command::new(&program.binary)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("DOSSIER_DATA_DIR", directory)
        .env("DOSSIER_LISTEN", format!("127.0.0.1:{port}"))
        .env("DOSSIER_POOL_SIZE", "16")
        .env("DOSSIER_STOP_GRACE", "0")
        .envs(program.settings.iter().map(|(name, value)| (name, value)))
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    while !Load::once(port, &support::minimal(), Shape::Create).await {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "no case was made"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (child, begun.elapsed())
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).expect("a pid");
    kill(Pid::from_raw(pid), signal).expect("the signal is sent");
}

fn children(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace()
        .filter_map(|it| it.parse().ok())
        .collect()
}

/// User and system time of a process, and of its children that have ended.
fn used(pid: u32, with_ended_children: bool) -> Duration {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return Duration::ZERO;
    };
    // After the name, which may have spaces: utime is the 12th field, then stime, cutime, cstime.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let fields = fields.split_whitespace().skip(11);
    let count = if with_ended_children { 4 } else { 2 };
    let ticks: u64 = fields
        .take(count)
        .filter_map(|it| it.parse::<u64>().ok())
        .sum();
    // Linux counts in hundredths of a second, whatever its own clock.
    Duration::from_millis(ticks * 10)
}
