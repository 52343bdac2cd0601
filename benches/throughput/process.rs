//! The measured server, its PostgreSQL, and their resource usage.

use std::fmt;
use std::ops::Sub;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use dossier::local_postgres::LocalPostgres;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use tempfile::TempDir;

/// The program of a server: a binary with its settings, which override the defaults of the benchmark.
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

    /// Parses `NAME=value` any number of times, then the path, as in a shell.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split_whitespace().peekable();
        let mut settings = Vec::new();
        while let Some((name, value)) = words.peek().and_then(|it| it.split_once('=')) {
            settings.push((name.to_owned(), value.to_owned()));
            words.next();
        }
        // The working directory of the server differs from that of the benchmark.
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

/// A server process with its private cluster.
pub struct Server {
    pub port: u16,
    pub directory: TempDir,
    child: Child,
}

/// CPU time.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    pub server: Duration,
    pub postgres: Duration,
    /// The clients run in this process.
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
    /// Starts the server over the cluster in `directory`, without waiting until it is ready.
    pub fn spawn(program: &Program, directory: TempDir, port: u16) -> Self {
        let child = Command::new(&program.binary)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DOSSIER_DATA_DIR", directory.path())
            .env("DOSSIER_LISTEN", format!("127.0.0.1:{port}"))
            .env("DOSSIER_POOL_SIZE", "16")
            .env("DOSSIER_STOP_GRACE", "0")
            .envs(program.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self {
            port,
            directory,
            child: child.expect("the server"),
        }
    }

    /// Stops the server and returns its data directory.
    pub fn stop(mut self) -> TempDir {
        signal(&self.child, Signal::SIGTERM);
        let status = self.child.wait().expect("an exit status");
        assert!(status.success(), "the server exited with {status}");
        self.directory
    }

    /// Returns the connection options of its database.
    pub fn options(&self) -> PgConnectOptions {
        LocalPostgres::options_in(self.directory.path())
    }

    /// Opens a connection to its database.
    pub async fn connect(&self) -> PgConnection {
        self.options().connect().await.expect("a connection")
    }

    /// Executes statements in its database.
    pub async fn execute(&self, statements: &str) {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements));
        let mut connection = self.connect().await;
        let result = statements.execute(&mut connection).await;
        result.expect("the statements");
    }

    /// Returns the number of statements, each a round trip, that the server has sent so far, or `None` if
    /// they are not counted.
    pub async fn statements(&self) -> Option<f64> {
        if !counts_statements() {
            return None;
        }
        let mut connection = self.connect().await;
        let count =
            sqlx::query_scalar("SELECT sum(calls)::float8 FROM pg_stat_statements WHERE toplevel");
        Some(count.fetch_one(&mut connection).await.expect("a count"))
    }

    /// Returns the CPU time that the server and PostgreSQL have used so far.
    pub fn cpu(&self) -> Cpu {
        let postmaster = self.postmaster();
        let children = children(postmaster).into_iter().map(|it| used(it, false));
        Cpu {
            server: used(self.child.id(), false),
            // The time of closed connections is included in that of the postmaster.
            postgres: used(postmaster, true) + children.sum::<Duration>(),
            clients: used(std::process::id(), false),
        }
    }

    /// Returns the peak memory of the server since the previous call, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a status");
        let line = status.lines().find(|it| it.starts_with("VmHWM:"));
        let kib = line.and_then(|it| it.split_whitespace().nth(1));
        let peak = 1024 * kib.and_then(|it| it.parse::<u64>().ok()).expect("a size");
        // On Linux, writing 5 resets the peak to the current usage.
        let reset = format!("/proc/{}/clear_refs", self.child.id());
        std::fs::write(reset, "5").expect("the peak is reset");
        peak
    }

    fn postmaster(&self) -> u32 {
        let file = self.directory.path().join("postgres/postmaster.pid");
        let text = std::fs::read_to_string(file).expect("a pid file");
        let pid = text.lines().next().and_then(|it| it.parse().ok());
        pid.expect("a pid")
    }
}

/// Returns folders of the installed PostgreSQL: the output of `pg_config` for an option, and a part of the
/// usual path.
pub fn folders(option: &str, part: &str) -> impl Iterator<Item = PathBuf> {
    let configured = Command::new("pg_config").arg(option).output().ok();
    let configured = configured.filter(|it| it.status.success());
    let configured = configured.map(|it| PathBuf::from(String::from_utf8_lossy(&it.stdout).trim()));
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter();
    let installed = installed.flatten().flatten();
    let installed = installed.map(|it| it.path().join(part)).collect::<Vec<_>>();
    configured.into_iter().chain(installed)
}

pub fn counts_statements() -> bool {
    folders("--pkglibdir", "lib").any(|it| it.join("pg_stat_statements.so").is_file())
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).expect("a pid");
    kill(Pid::from_raw(pid), signal).expect("the signal");
}

fn children(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace()
        .filter_map(|it| it.parse().ok())
        .collect()
}

/// Returns the user and system CPU time of a process, and of its ended children.
fn used(pid: u32, with_ended_children: bool) -> Duration {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return Duration::ZERO;
    };
    // After the process name, which can contain spaces: utime is the 12th field, followed by stime, cutime
    // and cstime.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let fields = fields.split_whitespace().skip(11);
    let count = if with_ended_children { 4 } else { 2 };
    let ticks: u64 = fields
        .take(count)
        .filter_map(|it| it.parse::<u64>().ok())
        .sum();
    // Linux reports hundredths of a second, independent of the kernel's clock rate.
    Duration::from_millis(ticks * 10)
}
