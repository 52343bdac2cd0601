//! The `dossier` binary: reads the command line and calls what it names.

use std::process::ExitCode;

use clap::Parser;
use dossier::config::Settings;
use dossier::{cli, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    // A missing .env is the usual case, and not a fault.
    let _ = dotenvy::dotenv();
    let settings = Settings::parse();
    let done = match telemetry::init(&settings.log, settings.log_format) {
        Ok(()) => cli::run(settings).await,
        Err(error) => Err(error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("dossier: {message}");
            ExitCode::from(2)
        }
    }
}
