//! A local PostgreSQL that this process starts and stops: for trying Dossier out, and for its tests.

mod error;
mod programs;

pub use error::LocalPostgresError;
pub use programs::program;

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, chown};
use sqlx::postgres::PgConnectOptions;

use programs::{command, find_programs, run, unprivileged_user};

/// Maximum duration of a start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running PostgreSQL. Dropping it stops PostgreSQL.
#[derive(Debug)]
pub struct LocalPostgres {
    child: Child,
    socket: PathBuf,
    _lock: File,
}

impl LocalPostgres {
    /// Starts PostgreSQL in a data directory. Creates the directory and the database files if they do not exist.
    ///
    /// # Errors
    /// Returns [`LocalPostgresError`] if there is no PostgreSQL, if another process uses the directory, or if `initdb`
    /// or the start fails. Its message says what to do.
    pub fn start(directory: &Path) -> Result<Self, LocalPostgresError> {
        let unusable = |error| LocalPostgresError::Directory(directory.to_owned(), error);
        let programs = find_programs().ok_or(LocalPostgresError::NoPostgres)?;
        let user = unprivileged_user()?;
        fs::create_dir_all(directory).map_err(unusable)?;
        let lock = File::create(directory.join("lock")).map_err(unusable)?;
        if lock.try_lock().is_err() {
            return Err(LocalPostgresError::InUse(directory.to_owned()));
        }
        let socket = socket_folder(directory);
        let data = directory.join("postgres");
        // The name of the socket folder can be guessed, and every user may write to /tmp.
        if fs::symlink_metadata(&socket).is_ok_and(|it| !it.is_dir()) {
            let occupied = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(LocalPostgresError::Directory(socket, occupied));
        }
        for folder in [&data, &socket] {
            create_private_folder(folder, user.as_ref()).map_err(unusable)?;
        }
        if data.join("PG_VERSION").exists() {
            stop_leftover(&programs, &data, user.as_ref());
        } else {
            initialize(&programs, &data, user.as_ref(), directory)?;
        }
        let log = File::create(directory.join("postgres.log")).map_err(unusable)?;
        let errors = log.try_clone().map_err(unusable)?;
        let mut postgres = command(&programs.join("postgres"), user.as_ref(), &data);
        postgres
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&socket)
            // With the default verbosity, the message of a broken constraint quotes the row.
            .args(["-c", "listen_addresses=", "-c", "log_error_verbosity=terse"]);
        let child = postgres
            .process_group(0)
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(unusable)?;
        let mut started = Self {
            child,
            socket,
            _lock: lock,
        };
        started.wait_until_ready(directory)?;
        Ok(started)
    }

    /// Returns the options to connect to a database of this PostgreSQL.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        options(&self.socket).database(database)
    }

    /// Returns the options to connect to the PostgreSQL that another process runs in a data directory.
    pub fn options_in(directory: &Path) -> PgConnectOptions {
        options(&socket_folder(directory)).database("postgres")
    }

    /// Returns the folder of the Unix socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Returns the process id of the postmaster.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&mut self, directory: &Path) -> Result<(), LocalPostgresError> {
        let begun = Instant::now();
        // PostgreSQL writes "ready" as the last word of its pid file once it accepts connections.
        let pid_file = directory.join("postgres/postmaster.pid");
        loop {
            let ready = fs::read_to_string(&pid_file)
                .is_ok_and(|text| text.lines().last().is_some_and(|it| it.trim() == "ready"));
            if ready {
                return Ok(());
            }
            let ended = matches!(self.child.try_wait(), Ok(Some(_)));
            if ended || begun.elapsed() > START_TIMEOUT {
                let output = fs::read_to_string(directory.join("postgres.log")).unwrap_or_default();
                let directory = directory.to_owned();
                return Err(LocalPostgresError::Failed {
                    program: "postgres",
                    directory,
                    output,
                });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for LocalPostgres {
    /// Requests a fast shutdown, which rolls back open transactions and writes everything to disk, and waits for it.
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // Fails if the process has ended already.
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

/// Returns the same short path for the same directory. The path of a socket has at most 107 bytes.
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

fn create_private_folder(folder: &Path, user: Option<&User>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if let Some(user) = user {
        chown(folder, Some(user.uid), Some(user.gid))?;
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700))
}

fn initialize(
    programs: &Path,
    data: &Path,
    user: Option<&User>,
    directory: &Path,
) -> Result<(), LocalPostgresError> {
    let mut initdb = command(&programs.join("initdb"), user, data);
    initdb.args(["-E", "UTF8", "--locale=C.UTF-8", "-A", "trust"]);
    initdb.args(["-U", "postgres", "-D"]).arg(data);
    run("initdb", &mut initdb, directory)
}

/// Stops the PostgreSQL that a killed server left behind. The caller holds the lock of the directory, so no other
/// process uses that PostgreSQL.
fn stop_leftover(programs: &Path, data: &Path, user: Option<&User>) {
    let pid_file = data.join("postmaster.pid");
    let text = fs::read_to_string(&pid_file).unwrap_or_default();
    let Some(pid) = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse::<u32>().ok())
    else {
        return;
    };
    // Another process may have this id by now. The working directory of a postmaster is its data directory.
    let works_here = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data);
    if works_here || !Path::new("/proc/self").exists() {
        let mut stop = command(&programs.join("pg_ctl"), user, data);
        // If this fails, the following start reports the error.
        let _ = stop
            .args(["stop", "-m", "fast", "-w", "-D"])
            .arg(data)
            .output();
    } else {
        let _ = fs::remove_file(pid_file);
    }
}
