//! Errors of the local PostgreSQL.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the local PostgreSQL could not be started.
#[derive(Debug, Error)]
pub enum LocalPostgresError {
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
    #[error("{program} failed in {directory}: {output}")]
    Failed {
        program: &'static str,
        directory: PathBuf,
        output: String,
    },
    #[error("the data directory {0} cannot be used")]
    Directory(PathBuf, #[source] io::Error),
    #[error("the start of PostgreSQL was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}
