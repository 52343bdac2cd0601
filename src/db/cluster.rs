//! The private local cluster: a PostgreSQL of our own, for trying Dossier out and for its tests.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User, chown};
use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no private cluster.
#[derive(Debug, Error)]
pub enum ClusterError {
    #[error(
        "no PostgreSQL 15 or newer was found. Install it (Debian and Ubuntu: apt-get install \
         postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql), or \
         set DATABASE_URL"
    )]
    NoPostgres,
    #[error(
        "another dossier uses the data directory {0}. Stop it, or set DOSSIER_DATA_DIR to another"
    )]
    InUse(PathBuf),
    #[error("PostgreSQL refuses to run as root, and there is no user postgres or nobody")]
    NoUser,
    #[error("{what} failed in {directory}: {output}")]
    Failed {
        what: &'static str,
        directory: PathBuf,
        output: String,
    },
    #[error("the data directory {0} cannot be used")]
    Directory(PathBuf, #[source] io::Error),
    #[error("the start of PostgreSQL was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

/// A running cluster. Dropping it stops Postgres.
#[derive(Debug)]
pub struct Cluster {
    child: Child,
    socket: PathBuf,
    _lock: File,
}

impl Cluster {
    /// Starts the cluster of a data directory, made first where there is none.
    ///
    /// # Errors
    /// [`ClusterError`] says what to do.
    pub fn start(directory: &Path) -> Result<Self, ClusterError> {
        let unusable = |error| ClusterError::Directory(directory.to_owned(), error);
        let binaries = binaries().ok_or(ClusterError::NoPostgres)?;
        let user = unprivileged()?;
        fs::create_dir_all(directory).map_err(unusable)?;
        let lock = File::create(directory.join("lock")).map_err(unusable)?;
        if lock.try_lock().is_err() {
            return Err(ClusterError::InUse(directory.to_owned()));
        }
        let socket = socket_folder(directory);
        let data = directory.join("postgres");
        // The name of the socket's folder can be guessed, and anybody may write to /tmp.
        if fs::symlink_metadata(&socket).is_ok_and(|it| !it.is_dir()) {
            let occupied = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(ClusterError::Directory(socket, occupied));
        }
        for folder in [&data, &socket] {
            fs::create_dir_all(folder).map_err(unusable)?;
            if let Some(user) = &user {
                chown(folder.as_path(), Some(user.uid), Some(user.gid))
                    .map_err(|error| unusable(error.into()))?;
            }
            fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(unusable)?;
        }
        if data.join("PG_VERSION").exists() {
            stop_leftover(&binaries, &data, user.as_ref());
        } else {
            let mut initdb = command(&binaries.join("initdb"), user.as_ref(), &data);
            initdb.args([
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-A",
                "trust",
                "-U",
                "postgres",
                "-D",
            ]);
            run("initdb", initdb.arg(&data), directory)?;
        }
        let log = File::create(directory.join("postgres.log")).map_err(unusable)?;
        let errors = log.try_clone().map_err(unusable)?;
        let mut postgres = command(&binaries.join("postgres"), user.as_ref(), &data);
        postgres
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&socket)
            // What Postgres says of a broken constraint would quote its row.
            .args(["-c", "listen_addresses=", "-c", "log_error_verbosity=terse"]);
        let child = postgres
            .process_group(0)
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(unusable)?;
        let mut cluster = Self {
            child,
            socket,
            _lock: lock,
        };
        cluster.wait(directory)?;
        Ok(cluster)
    }

    /// How to connect to a database of this cluster.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        options(&self.socket).database(database)
    }

    /// How to connect to the cluster of a data directory that another process runs.
    pub fn running(directory: &Path) -> PgConnectOptions {
        options(&socket_folder(directory)).database("postgres")
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The process id of its postmaster.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    fn wait(&mut self, directory: &Path) -> Result<(), ClusterError> {
        let begun = Instant::now();
        // Postgres writes "ready" as the last word of its pid file once it accepts connections.
        let pid_file = directory.join("postgres/postmaster.pid");
        loop {
            let ready = fs::read_to_string(&pid_file)
                .is_ok_and(|text| text.lines().last().is_some_and(|it| it.trim() == "ready"));
            if ready {
                return Ok(());
            }
            let ended = matches!(self.child.try_wait(), Ok(Some(_)));
            if ended || begun.elapsed() > PATIENCE {
                let output = fs::read_to_string(directory.join("postgres.log")).unwrap_or_default();
                let directory = directory.to_owned();
                return Err(ClusterError::Failed {
                    what: "postgres",
                    directory,
                    output,
                });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Cluster {
    /// A fast shutdown: open transactions are rolled back, and everything is written.
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // It may have ended by itself; then there is nothing to stop.
            let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        }
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.socket);
    }
}

fn options(socket: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .port(5432)
        .username("postgres")
}

/// The folder of PostgreSQL's programs: on the PATH, where `pg_config` says, or a usual one.
fn binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    for (parent, rest) in [
        ("/usr/lib/postgresql", "bin"),
        ("/opt/homebrew/opt", "bin"),
        ("/usr/local/opt", "bin"),
    ] {
        let children = fs::read_dir(parent).into_iter().flatten().flatten();
        folders.extend(children.map(|child| child.path().join(rest)));
    }
    folders.into_iter().find(|folder| {
        ["initdb", "pg_ctl"]
            .iter()
            .all(|program| folder.join(program).is_file())
            && version(&folder.join("postgres")).is_some_and(|version| version >= 15)
    })
}

fn version(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_numeric()))?;
    number.split(|c: char| !c.is_numeric()).next()?.parse().ok()
}

/// As root, the user that Postgres runs as; else nobody else is needed.
fn unprivileged() -> Result<Option<User>, ClusterError> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(Some)
        .ok_or(ClusterError::NoUser)
}

/// A short folder, since the path of a socket has at most 107 bytes; the same for one directory.
fn socket_folder(directory: &Path) -> PathBuf {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(directory.as_os_str().as_encoded_bytes());
    let name: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    PathBuf::from(format!("/tmp/dossier-{name}"))
}

/// A program of PostgreSQL, such as `pg_ctl`, which works in a folder as a user that PostgreSQL accepts.
///
/// # Errors
/// [`ClusterError::NoPostgres`] and [`ClusterError::NoUser`].
pub fn program(name: &str, folder: &Path) -> Result<Command, ClusterError> {
    let postgres = binaries().map(|it| it.join("postgres"));
    // A folder of the PATH may have links to some of the programs alone.
    let postgres = postgres.and_then(|it| fs::canonicalize(it).ok());
    let program = postgres
        .ok_or(ClusterError::NoPostgres)?
        .with_file_name(name);
    Ok(command(&program, unprivileged()?.as_ref(), folder))
}

fn command(program: &Path, user: Option<&User>, data: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(data).stdin(Stdio::null());
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn run(what: &'static str, command: &mut Command, directory: &Path) -> Result<(), ClusterError> {
    let failed = |output| ClusterError::Failed {
        what,
        directory: directory.to_owned(),
        output,
    };
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Stops the Postgres that a killed server left behind. With the lock held it serves nobody.
fn stop_leftover(binaries: &Path, data: &Path, user: Option<&User>) {
    let pid_file = data.join("postmaster.pid");
    let text = fs::read_to_string(&pid_file).unwrap_or_default();
    let Some(pid) = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse::<u32>().ok())
    else {
        return;
    };
    // The number may have gone to another process since: a postmaster works in its data folder.
    let works_here = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data);
    if works_here || !Path::new("/proc/self").exists() {
        let mut stop = command(&binaries.join("pg_ctl"), user, data);
        // Where this fails, Postgres itself will say so at the start that follows.
        let _ = stop
            .args(["stop", "-m", "fast", "-w", "-D"])
            .arg(data)
            .output();
    } else {
        let _ = fs::remove_file(pid_file);
    }
}
