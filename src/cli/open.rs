//! The database that a command works on.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

use super::told;
use crate::config::{Command, Settings, Switch, data_directory};
use crate::db::Database;
use crate::db::cluster::{Cluster, ClusterError};

/// A database, and the private cluster that it lies in where this process runs one.
pub struct Opened {
    pub database: Database,
    _cluster: Option<Cluster>,
}

/// The database that the settings name, or that of the private cluster: of a server that runs one
/// already, or of this process.
pub async fn open(settings: &Settings) -> Result<Opened, String> {
    let (cluster, options) = match &settings.database_url {
        Some(url) => (None, options(url)?),
        None => match cluster(settings).await {
            Ok(cluster) => {
                let options = cluster.options("postgres");
                (Some(cluster), options)
            }
            Err(ClusterError::InUse(directory)) => (None, Cluster::running(&directory)),
            Err(error) => return Err(told(error)),
        },
    };
    let database = migrated(settings, options).await?;
    Ok(Opened {
        database,
        _cluster: cluster,
    })
}

/// The same for a server, which has a private cluster for itself alone.
pub async fn open_to_serve(settings: &Settings) -> Result<(Option<Cluster>, Database), String> {
    let (cluster, options) = match &settings.database_url {
        Some(url) => (None, options(url)?),
        None => {
            let cluster = cluster(settings).await.map_err(told)?;
            let options = cluster.options("postgres");
            (Some(cluster), options)
        }
    };
    Ok((cluster, migrated(settings, options).await?))
}

fn options(url: &SecretString) -> Result<PgConnectOptions, String> {
    let url = url.expose_secret();
    // The parser takes any scheme.
    let is_postgres = ["postgres://", "postgresql://"]
        .iter()
        .any(|it| url.starts_with(it));
    let parsed = is_postgres.then(|| url.parse().ok()).flatten();
    parsed.ok_or_else(|| {
        "DATABASE_URL is not a URL of PostgreSQL, such as postgres://user:password@host/database"
            .to_owned()
    })
}

async fn cluster(settings: &Settings) -> Result<Cluster, ClusterError> {
    let directory = settings.data_dir.clone().unwrap_or_else(data_directory);
    let starting = tokio::task::spawn_blocking(move || Cluster::start(&directory));
    starting.await.map_err(ClusterError::Interrupted)?
}

async fn migrated(settings: &Settings, options: PgConnectOptions) -> Result<Database, String> {
    let patience = Duration::from_secs(settings.request_timeout);
    let database = Database::new(options, settings.pool_size, patience);
    let must = matches!(settings.command, Some(Command::Migrate));
    if must || settings.migrate == Switch::On {
        let migrated = database.migrate().await;
        migrated.map_err(|error| format!("cannot bring the schema up to date: {}", told(error)))?;
    }
    Ok(database)
}
