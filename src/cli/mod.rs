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
use wait::ProcessKind;

/// Runs the command of the command line.
///
/// # Errors
/// Returns one line that says what to do.
pub async fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve(settings) => serve::run(&settings).await?,
        Command::Migrate(settings) => {
            let opened = open(&settings).await?;
            if settings.migrate == Switch::Off {
                migrate(&opened.database, ProcessKind::Command).await?;
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

/// The deadline for the database work of a command.
fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

/// Formats an error and its causes as one line. A cause that the line already contains is left out, because errors of
/// sqlx repeat theirs.
fn error_chain(error: impl Error) -> String {
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
