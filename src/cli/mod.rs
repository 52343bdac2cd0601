//! The command line: one file for each command.

mod api_key;
mod audit;
mod open;
mod openapi;
mod serve;
mod stop;
mod workspace;

use std::error::Error;
use std::time::Duration;

use crate::config::{Command, Settings};
use crate::db::{Database, Deadline};

use open::{open, open_to_serve};

/// Does what the command line says.
///
/// # Errors
/// One line that says what to do.
pub async fn run(settings: Settings) -> Result<(), String> {
    match settings.command.clone() {
        None | Some(Command::Serve) => serve::run(&settings).await,
        Some(Command::Migrate) => {
            let opened = open(&settings).await?;
            let count = Database::migrations();
            println!("The schema is up to date: {count} migrations.");
            opened.database.close().await;
            Ok(())
        }
        Some(Command::Workspace(command)) => workspace::run(&settings, command).await,
        Some(Command::Audit(command)) => audit::run(&settings, command).await,
        Some(Command::ApiKey(command)) => api_key::run(&settings, command).await,
        Some(Command::Openapi) => openapi::run(),
    }
}

/// How long the database may take for what a command asks of it.
fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

/// An error and what caused it, as one line. Errors of sqlx say their cause themselves.
fn told(error: impl Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}
