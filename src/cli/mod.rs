//! The command line: one file for each command.

mod api_key;
mod audit;
mod import;
mod listen;
mod open;
mod openapi;
mod serve;
mod stop;
mod wait;
mod workspace;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use crate::config::{Command, Switch};
use crate::db::{Database, Deadline};

use open::{migrate, open, open_to_serve};
use wait::Waits;

/// Does what the command line says.
///
/// # Errors
/// One line that says what to do.
pub async fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve(settings) => serve::run(&settings).await?,
        Command::Migrate(settings) => {
            let opened = open(&settings).await?;
            if settings.migrate == Switch::Off {
                migrate(&opened.database, Waits::Command).await?;
            }
            let count = Database::migrations();
            println!("The schema is up to date: {count} migrations.");
            opened.database.close().await;
        }
        Command::Import(command) => return import::run(command).await,
        Command::Workspace(command) => workspace::run(command).await?,
        Command::Audit(command) => audit::run(command).await?,
        Command::ApiKey(command) => api_key::run(command).await?,
        Command::Openapi => openapi::run()?,
    }
    Ok(ExitCode::SUCCESS)
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
