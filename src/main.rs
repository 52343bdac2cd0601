//! The `dossier` binary: reads the command line and calls what it names.

use std::process::ExitCode;

use clap::Parser;
use dossier::cli;
use dossier::config::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    // A missing .env is the usual case, and not a fault.
    let _ = dotenvy::dotenv();
    let settings = Settings::parse();
    tracing_subscriber::fmt()
        .with_env_filter(&settings.log)
        .with_writer(std::io::stderr)
        .init();
    match cli::run(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("dossier: {message}");
            ExitCode::from(2)
        }
    }
}
