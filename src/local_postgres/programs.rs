//! The programs of PostgreSQL, and the user that they run as.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User};

use super::error::LocalPostgresError;

/// Prepares a program of PostgreSQL, such as `pg_ctl`, to run in a folder, as a user that PostgreSQL accepts.
///
/// # Errors
/// Returns [`LocalPostgresError::NoPostgres`] if there is no PostgreSQL 15 or newer, and
/// [`LocalPostgresError::NoUser`] if this process is root and the system has neither a user `postgres` nor `nobody`.
pub fn program(name: &str, folder: &Path) -> Result<Command, LocalPostgresError> {
    let postgres = find_programs().map(|it| it.join("postgres"));
    // A folder of the PATH may have links to only some of the programs.
    let postgres = postgres.and_then(|it| fs::canonicalize(it).ok());
    let program = postgres
        .ok_or(LocalPostgresError::NoPostgres)?
        .with_file_name(name);
    Ok(command(&program, unprivileged_user()?.as_ref(), folder))
}

/// Finds the folder of PostgreSQL's programs: on the PATH, as `pg_config` reports, or in a usual location.
pub(super) fn find_programs() -> Option<PathBuf> {
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

/// Returns the user that PostgreSQL runs as if this process is root; otherwise `None`, for the user of this process.
pub(super) fn unprivileged_user() -> Result<Option<User>, LocalPostgresError> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(Some)
        .ok_or(LocalPostgresError::NoUser)
}

pub(super) fn command(program: &Path, user: Option<&User>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

/// Runs a program to its end.
pub(super) fn run(
    program: &'static str,
    command: &mut Command,
    directory: &Path,
) -> Result<(), LocalPostgresError> {
    let failed = |output| LocalPostgresError::Failed {
        program,
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
