//! The database that a command works on.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::MigrateError;
use tokio::time::timeout;

use super::error_chain;
use super::wait::{ProcessKind, wait_until_ready};
use crate::config::{DatabaseSettings, ServerSettings, Switch, data_directory};
use crate::db::{
    ConnectError, Database, Hosts, MigrationError, Timeouts, UnusableError, is_pooler_error,
};
use crate::local_postgres::{LocalPostgres, LocalPostgresError};

/// Maximum number of connections of a command.
const CONNECTIONS: u32 = 2;
/// Maximum duration of one statement of a command.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a server that does not migrate tries to reach its database before it starts to serve.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// A database, with its private PostgreSQL if this process runs it.
pub struct Opened {
    pub database: Database,
    _postgres: Option<LocalPostgres>,
}

/// Opens the database of the settings, or the private PostgreSQL: the one that a server runs already, or one that this
/// process starts.
pub async fn open(settings: &DatabaseSettings) -> Result<Opened, String> {
    let (postgres, hosts) = match &settings.database_url {
        Some(url) => (None, hosts(url)?),
        None => match start_postgres(settings).await {
            Ok(postgres) => {
                let hosts = postgres.options("postgres").into();
                (Some(postgres), hosts)
            }
            Err(LocalPostgresError::InUse(directory)) => {
                (None, LocalPostgres::options_in(&directory).into())
            }
            Err(error) => return Err(error_chain(error)),
        },
    };
    let name = match &settings.database_url {
        Some(_) => hosts.to_string(),
        None => format!(
            "the private PostgreSQL in {}",
            directory(settings).display()
        ),
    };
    let timeouts = Timeouts {
        statement: STATEMENT_TIMEOUT,
        ..Timeouts::default()
    };
    let database = Database::new(hosts, CONNECTIONS, timeouts);
    if settings.migrate == Switch::On {
        migrate(&database, ProcessKind::Command).await?;
    } else {
        let usable = wait_until_ready(ProcessKind::Command, || database.check_usable()).await;
        usable.map_err(unusable)?;
    }
    // On standard error, because a program may read standard output.
    eprintln!("dossier: using {name}");
    Ok(Opened {
        database,
        _postgres: postgres,
    })
}

/// Opens the database of a server. A server does not share a private PostgreSQL with another process.
pub async fn open_to_serve(
    server: &ServerSettings,
) -> Result<(Option<LocalPostgres>, Database), String> {
    let settings = &server.database;
    let (postgres, hosts) = match &settings.database_url {
        Some(url) => (None, hosts(url)?),
        None => {
            let postgres = start_postgres(settings).await.map_err(error_chain)?;
            let hosts = postgres.options("postgres").into();
            (Some(postgres), hosts)
        }
    };
    let timeouts = Timeouts {
        statement: Duration::from_secs(server.request_timeout),
        ..Timeouts::default()
    };
    let database = Database::new(hosts, server.pool_size, timeouts);
    if settings.migrate == Switch::On {
        migrate(&database, ProcessKind::Server).await?;
    } else if server.bootstrap_workspace.is_some() {
        // The next step writes the first workspace.
        let writable = wait_until_ready(ProcessKind::Server, || database.check_writable()).await;
        writable.map_err(unusable)?;
    } else {
        refuse_unusable(&database).await?;
    }
    Ok((postgres, database))
}

/// Refuses a database that is reachable but can never be used. An unreachable database is accepted: it may come back,
/// and until then the server is not ready.
async fn refuse_unusable(database: &Database) -> Result<(), String> {
    match timeout(CHECK_TIMEOUT, database.check_usable()).await {
        Ok(Err(error @ MigrationError::Unusable(_))) => Err(unusable(error)),
        Ok(Err(MigrationError::Connect(ConnectError::Failed(error))))
            if is_pooler_error(&error) =>
        {
            Err(connection_refused(&error))
        }
        Ok(Ok(()) | Err(MigrationError::Connect(_) | MigrationError::Migrate(_))) | Err(_) => {
            Ok(())
        }
    }
}

fn hosts(url: &SecretString) -> Result<Hosts, String> {
    url.expose_secret().parse().map_err(error_chain)
}

async fn start_postgres(settings: &DatabaseSettings) -> Result<LocalPostgres, LocalPostgresError> {
    let directory = directory(settings);
    let starting = tokio::task::spawn_blocking(move || LocalPostgres::start(&directory));
    starting.await.map_err(LocalPostgresError::Interrupted)?
}

fn directory(settings: &DatabaseSettings) -> PathBuf {
    settings.data_dir.clone().unwrap_or_else(data_directory)
}

/// Brings the schema up to date. Waits until the database is ready.
pub async fn migrate(database: &Database, process: ProcessKind) -> Result<(), String> {
    let migrated = wait_until_ready(process, || database.migrate()).await;
    migrated.map_err(unusable)
}

/// Returns a message that says why the database cannot be used and what to do.
fn unusable(error: MigrationError) -> String {
    let error = match error {
        MigrationError::Connect(ConnectError::Failed(cause)) => return connection_refused(&cause),
        MigrationError::Connect(error @ ConnectError::ReadOnly) => return error_chain(error),
        MigrationError::Unusable(error) => return error_chain(error),
        MigrationError::Migrate(error) => error,
    };
    match &error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => {
            connection_refused(cause)
        }
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => format!(
            "the schema of the database is newer than this server ({}): run the version that created it, \
             or a later one",
            error_chain(&error)
        ),
        MigrateError::VersionMismatch(_) => format!(
            "the schema of the database is not one of Dossier ({}): use a separate database for Dossier",
            error_chain(&error)
        ),
        _ => format!(
            "cannot bring the schema up to date: {}",
            error_chain(&error)
        ),
    }
}

/// Returns a message for an error of PostgreSQL or of the connection. The text of the error names the database and the
/// user, never a password.
fn connection_refused(error: &sqlx::Error) -> String {
    if is_pooler_error(error) {
        return error_chain(UnusableError::Pooler);
    }
    let code = error.as_database_error().and_then(|it| it.code());
    let what_to_do = match (code.as_deref(), error) {
        (Some("28P01" | "28000"), _) => "check the user and the password in DATABASE_URL",
        (Some("3D000"), _) => "create that database, or name another in DATABASE_URL",
        (Some("42501"), _) => "make the user in DATABASE_URL the owner of the database",
        (Some("53300"), _) => {
            "no connection is left: lower DOSSIER_POOL_SIZE, or raise max_connections of PostgreSQL"
        }
        (Some("57P03"), _) => "it is starting: try again in a moment",
        (Some("25006"), _) => "it is read-only: name the primary in DATABASE_URL",
        (None, sqlx::Error::Io(_)) => {
            "check that PostgreSQL runs, and host and port in DATABASE_URL"
        }
        (None, sqlx::Error::Tls(_)) => "check sslmode and the certificates in DATABASE_URL",
        _ => "check DATABASE_URL",
    };
    format!(
        "the database cannot be used: {what_to_do} ({})",
        error_chain(error)
    )
}
