//! The command line: one file for each command.

mod api_key;
mod serve;
mod workspace;

use std::time::Duration;

use secrecy::ExposeSecret;

use crate::config::{Command, Settings, Switch, data_directory};
use crate::db::cluster::Cluster;
use crate::db::{Database, Deadline};

/// How long the database may take for what a command asks of it.
fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

/// Does what the command line says.
///
/// # Errors
/// One line that says what to do.
pub async fn run(settings: Settings) -> Result<(), String> {
    match settings.command.clone() {
        None | Some(Command::Serve) => serve::run(&settings).await,
        Some(Command::Migrate) => {
            let (_cluster, database) = open(&settings).await?;
            println!(
                "The schema is up to date: {} migrations.",
                Database::migrations()
            );
            database.close().await;
            Ok(())
        }
        Some(Command::Workspace(command)) => workspace::run(&settings, command).await,
        Some(Command::ApiKey(command)) => api_key::run(&settings, command).await,
    }
}

/// The migrated database that the settings name, or that of the private cluster.
async fn open(settings: &Settings) -> Result<(Option<Cluster>, Database), String> {
    let (cluster, options) = match &settings.database_url {
        Some(url) => {
            let options = url.expose_secret().parse();
            (
                None,
                options.map_err(|_| "DATABASE_URL is not a URL of PostgreSQL".to_owned())?,
            )
        }
        None => {
            let directory = settings.data_dir.clone().unwrap_or_else(data_directory);
            let started = tokio::task::spawn_blocking(move || Cluster::start(&directory)).await;
            let cluster = started.map_err(|error| error.to_string())?;
            let cluster = cluster.map_err(|error| error.to_string())?;
            let options = cluster.options("postgres");
            (Some(cluster), options)
        }
    };
    let patience = Duration::from_secs(settings.request_timeout);
    let database = Database::new(options, settings.pool_size, patience);
    let migrates = matches!(settings.command, Some(Command::Migrate));
    if migrates || settings.migrate == Switch::On {
        database
            .migrate()
            .await
            .map_err(|error| format!("cannot migrate: {error}"))?;
    }
    Ok((cluster, database))
}
