//! Waiting for a database that starts, recovers, or is still read-only.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use sqlx::migrate::MigrateError;
use tokio::time::sleep;

use crate::db::{ConnectError, MigrationError};

/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a host may refuse connections after it was seen starting. In this time it may start again, or another host
/// may take over.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a command waits for a database that starts.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// Who waits for the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessKind {
    /// A server waits without a limit until its database accepts writes.
    Server,
    /// A command does not wait for a read-only database, because a person waits for the command.
    Command,
}

/// Why a database is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotReady {
    Starting,
    ReadOnly,
    Refusing,
}

/// Repeats the attempt until it succeeds or fails with an error that is not temporary. Logs the reason for the wait
/// once.
///
/// # Errors
/// Returns the error of the last attempt.
pub async fn wait_until_ready<F>(
    process: ProcessKind,
    mut attempt: impl FnMut() -> F,
) -> Result<(), MigrationError>
where
    F: Future<Output = Result<(), MigrationError>>,
{
    let begun = Instant::now();
    let mut last_seen = None;
    let mut logged = None;
    loop {
        let error = match attempt().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let not_ready = match not_ready(&error) {
            Some(NotReady::ReadOnly) if process == ProcessKind::Command => return Err(error),
            // Before the first sign of a starting database, the address may be wrong.
            Some(NotReady::Refusing) => {
                let recent = last_seen.filter(|it: &Instant| it.elapsed() < REFUSAL_TIMEOUT);
                let Some(_) = recent else { return Err(error) };
                NotReady::Refusing
            }
            Some(not_ready) => {
                last_seen = Some(Instant::now());
                not_ready
            }
            None => return Err(error),
        };
        if process == ProcessKind::Command && begun.elapsed() > COMMAND_TIMEOUT {
            return Err(error);
        }
        if not_ready != NotReady::Refusing && logged.replace(not_ready) != Some(not_ready) {
            match not_ready {
                NotReady::ReadOnly => tracing::warn!("waiting for the database: it is read-only"),
                _ => tracing::warn!("waiting for the database: it is starting up or recovering"),
            }
        }
        sleep(PAUSE).await;
    }
}

fn not_ready(error: &MigrationError) -> Option<NotReady> {
    let error = match error {
        MigrationError::Connect(ConnectError::ReadOnly) => return Some(NotReady::ReadOnly),
        MigrationError::Connect(ConnectError::Failed(error)) => error,
        MigrationError::Migrate(
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
        ) => error,
        MigrationError::Migrate(_) | MigrationError::Unusable(_) => return None,
    };
    match error {
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("57P03") => Some(NotReady::Starting),
            Some("25006") => Some(NotReady::ReadOnly),
            // The server stopped during the statement.
            Some("57P01" | "57P02") => Some(NotReady::Refusing),
            _ => None,
        },
        sqlx::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
            | ErrorKind::NotFound
            | ErrorKind::TimedOut => Some(NotReady::Refusing),
            _ => None,
        },
        _ => None,
    }
}
