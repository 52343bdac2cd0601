//! Waiting for a database that starts, recovers, or cannot be written to yet.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use sqlx::migrate::MigrateError;
use tokio::time::sleep;

use crate::db::{ConnectError, MigrationError};

/// How long to wait before the database is asked again.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a host that was starting may refuse connections and is still waited for: it starts once more, or
/// another takes over.
const REFUSING: Duration = Duration::from_secs(30);
/// How long a command waits for a database that starts.
const COMMAND: Duration = Duration::from_secs(60);

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// A server waits until its database takes writes, for as long as that takes.
    Server,
    /// Somebody waits for a command: it ends where the database takes no writes.
    Command,
}

/// What a database that does not serve yet is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotYet {
    Starting,
    ReadOnly,
    Refusing,
}

/// Tries until it succeeds, or until the error is one that does not pass by itself. It is logged once that it
/// waits, and why.
///
/// # Errors
/// The last one of the attempt.
pub async fn until_it_serves<F>(
    waits: Waits,
    mut attempt: impl FnMut() -> F,
) -> Result<(), MigrationError>
where
    F: Future<Output = Result<(), MigrationError>>,
{
    let begun = Instant::now();
    let mut answered = None;
    let mut logged = None;
    loop {
        let error = match attempt().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let not_yet = match not_yet(&error) {
            Some(NotYet::ReadOnly) if waits == Waits::Command => return Err(error),
            // At first it may be the wrong address.
            Some(NotYet::Refusing) => {
                let seen = answered.filter(|it: &Instant| it.elapsed() < REFUSING);
                let Some(_) = seen else { return Err(error) };
                NotYet::Refusing
            }
            Some(not_yet) => {
                answered = Some(Instant::now());
                not_yet
            }
            None => return Err(error),
        };
        if waits == Waits::Command && begun.elapsed() > COMMAND {
            return Err(error);
        }
        if not_yet != NotYet::Refusing && logged.replace(not_yet) != Some(not_yet) {
            match not_yet {
                NotYet::ReadOnly => tracing::warn!("waiting for the database: it is read-only"),
                _ => tracing::warn!("waiting for the database: it is starting up or recovering"),
            }
        }
        sleep(PAUSE).await;
    }
}

fn not_yet(error: &MigrationError) -> Option<NotYet> {
    let error = match error {
        MigrationError::Connect(ConnectError::ReadOnly) => return Some(NotYet::ReadOnly),
        MigrationError::Connect(ConnectError::Failed(error)) => error,
        MigrationError::Migrate(
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
        ) => error,
        MigrationError::Migrate(_) | MigrationError::Unusable(_) => return None,
    };
    match error {
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("57P03") => Some(NotYet::Starting),
            Some("25006") => Some(NotYet::ReadOnly),
            // Its server stopped while it was at work.
            Some("57P01" | "57P02") => Some(NotYet::Refusing),
            _ => None,
        },
        sqlx::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
            | ErrorKind::NotFound
            | ErrorKind::TimedOut => Some(NotYet::Refusing),
            _ => None,
        },
        _ => None,
    }
}
