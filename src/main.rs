//! The `dossier` binary: reads the command line and calls what it names.

use std::process::ExitCode;

use dossier::config::Unread;
use dossier::{cli, config, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    // A missing .env is the usual case, and not a fault.
    let _ = dotenvy::dotenv();
    let settings = match config::read(std::env::args_os()) {
        Ok(settings) => settings,
        Err(Unread::Told(help)) => help.exit(),
        Err(Unread::Wrong(line)) => return failed(&line),
    };
    let logs = settings.logs.clone();
    let command = settings.into_command();
    let telemetry = match telemetry::init(&logs, command.otlp_endpoint()) {
        Ok(telemetry) => telemetry,
        Err(error) => return failed(&error.to_string()),
    };
    let done = cli::run(command).await;
    telemetry.end();
    done.unwrap_or_else(|line| failed(&line))
}

/// One line that says what to do.
fn failed(line: &str) -> ExitCode {
    eprintln!("dossier: {line}");
    ExitCode::from(2)
}
