//! The database that a command works on.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::MigrateError;
use tokio::time::timeout;

use super::told;
use super::wait::{Waits, until_it_serves};
use crate::config::{DatabaseSettings, ServerSettings, Switch, data_directory};
use crate::db::cluster::{Cluster, ClusterError};
use crate::db::{
    ConnectError, Database, Hosts, MigrationError, Timeouts, UnusableError, is_of_pooler,
};

/// How many connections a command needs at the most.
const CONNECTIONS: u32 = 2;
/// How long a statement of a command may take.
const STATEMENT: Duration = Duration::from_secs(30);
/// How long a server that does not migrate tries to reach its database before it serves.
const ATTEMPT: Duration = Duration::from_secs(2);

/// A database, and the private cluster that it lies in where this process runs one.
pub struct Opened {
    pub database: Database,
    _cluster: Option<Cluster>,
}

/// The database that the settings name, or that of the private cluster: of a server that runs one
/// already, or of this process.
pub async fn open(settings: &DatabaseSettings) -> Result<Opened, String> {
    let (cluster, hosts) = match &settings.database_url {
        Some(url) => (None, hosts(url)?),
        None => match cluster(settings).await {
            Ok(cluster) => {
                let hosts = cluster.options("postgres").into();
                (Some(cluster), hosts)
            }
            Err(ClusterError::InUse(directory)) => (None, Cluster::running(&directory).into()),
            Err(error) => return Err(told(error)),
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
        statement: STATEMENT,
        ..Timeouts::default()
    };
    let database = Database::new(hosts, CONNECTIONS, timeouts);
    if settings.migrate == Switch::On {
        migrate(&database, Waits::Command).await?;
    } else {
        let usable = until_it_serves(Waits::Command, || database.is_usable()).await;
        usable.map_err(unusable)?;
    }
    // On standard error, since standard output may be read by a program.
    eprintln!("dossier: using {name}");
    Ok(Opened {
        database,
        _cluster: cluster,
    })
}

/// The same for a server, which has a private cluster for itself alone.
pub async fn open_to_serve(server: &ServerSettings) -> Result<(Option<Cluster>, Database), String> {
    let settings = &server.database;
    let (cluster, hosts) = match &settings.database_url {
        Some(url) => (None, hosts(url)?),
        None => {
            let cluster = cluster(settings).await.map_err(told)?;
            let hosts = cluster.options("postgres").into();
            (Some(cluster), hosts)
        }
    };
    let timeouts = Timeouts {
        statement: Duration::from_secs(server.request_timeout),
        ..Timeouts::default()
    };
    let database = Database::new(hosts, server.pool_size, timeouts);
    if settings.migrate == Switch::On {
        migrate(&database, Waits::Server).await?;
    } else if server.bootstrap_workspace.is_some() {
        // The first workspace is written next.
        let served = until_it_serves(Waits::Server, || database.takes_writes()).await;
        served.map_err(unusable)?;
    } else {
        refuse_unusable(&database).await?;
    }
    Ok((cluster, database))
}

/// Refuses a database that can be reached and can never be used. One that cannot be reached may be used later, and
/// until then the server is not ready.
async fn refuse_unusable(database: &Database) -> Result<(), String> {
    match timeout(ATTEMPT, database.is_usable()).await {
        Ok(Err(error @ MigrationError::Unusable(_))) => Err(unusable(error)),
        Ok(Err(MigrationError::Connect(ConnectError::Failed(error)))) if is_of_pooler(&error) => {
            Err(refused(&error))
        }
        Ok(Ok(()) | Err(MigrationError::Connect(_) | MigrationError::Migrate(_))) | Err(_) => {
            Ok(())
        }
    }
}

fn hosts(url: &SecretString) -> Result<Hosts, String> {
    url.expose_secret().parse().map_err(told)
}

async fn cluster(settings: &DatabaseSettings) -> Result<Cluster, ClusterError> {
    let directory = directory(settings);
    let starting = tokio::task::spawn_blocking(move || Cluster::start(&directory));
    starting.await.map_err(ClusterError::Interrupted)?
}

fn directory(settings: &DatabaseSettings) -> PathBuf {
    settings.data_dir.clone().unwrap_or_else(data_directory)
}

/// Brings the schema up to date, once the database serves.
pub async fn migrate(database: &Database, waits: Waits) -> Result<(), String> {
    let migrated = until_it_serves(waits, || database.migrate()).await;
    migrated.map_err(unusable)
}

/// Why a database cannot be used, and what to do.
fn unusable(error: MigrationError) -> String {
    let error = match error {
        MigrationError::Connect(ConnectError::Failed(cause)) => return refused(&cause),
        MigrationError::Connect(error @ ConnectError::ReadOnly) => return told(error),
        MigrationError::Unusable(error) => return told(error),
        MigrationError::Migrate(error) => error,
    };
    match &error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => refused(cause),
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => format!(
            "the schema of the database is newer than this server ({}): run the version that made it, \
             or a later one",
            told(&error)
        ),
        MigrateError::VersionMismatch(_) => format!(
            "the schema of the database is not one that Dossier made ({}): give it a database of its own",
            told(&error)
        ),
        _ => format!("cannot bring the schema up to date: {}", told(&error)),
    }
}

/// Why a database cannot be used, and what to do. Its own words name the database and the user, and no
/// password.
fn refused(error: &sqlx::Error) -> String {
    if is_of_pooler(error) {
        return told(UnusableError::Pooler);
    }
    let code = error.as_database_error().and_then(|it| it.code());
    let what_to_do = match (code.as_deref(), error) {
        (Some("28P01" | "28000"), _) => "check the user and the password in DATABASE_URL",
        (Some("3D000"), _) => "create that database, or name another in DATABASE_URL",
        (Some("42501"), _) => "let the user of DATABASE_URL own the database",
        (Some("53300"), _) => {
            "it has no connection left: lower DOSSIER_POOL_SIZE, or raise its max_connections"
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
        told(error)
    )
}
