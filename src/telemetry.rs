//! Logs: where they go, how they look, and what a panic leaves in them.

use std::panic;

use thiserror::Error;
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Why nothing can be logged.
#[derive(Debug, Error)]
pub enum TelemetryError {
    #[error("DOSSIER_LOG is not a filter, such as info or dossier=debug,sqlx=warn")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
}

/// Writes log lines to standard error from now on. A panic is logged by its place alone: its
/// message may hold what a request said.
///
/// # Errors
/// A filter that is none.
pub fn init(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter).map_err(TelemetryError::Filter)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().with_span_list(false).init(),
    }
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic");
    }));
    Ok(())
}
