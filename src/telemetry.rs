//! Sets up logs, traces and the panic hook.

mod json_lines;

use std::io::IsTerminal;
use std::panic;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, global};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use json_lines::JsonLines;

use crate::config::{LogFormat, LogSettings};
use crate::traces;

/// Maximum duration of the export of spans when the server stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// The service name without `OTEL_SERVICE_NAME`.
const SERVICE: &str = "dossier";

/// Why logs or traces could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    #[error("DOSSIER_LOG is not a filter, such as info or dossier=debug,sqlx=warn")]
    Filter(#[source] ParseError),
    #[error(
        "OTEL_EXPORTER_OTLP_ENDPOINT is not the URL of a collector, such as \
         http://localhost:4318"
    )]
    Endpoint(#[source] ExporterBuildError),
}

/// The spans to export before the process ends.
#[derive(Debug, Default)]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Exports the remaining spans. Spans that are not exported within 3 seconds are lost.
    pub fn end(self) {
        let ended = self.0.map(|it| it.shutdown_with_timeout(FLUSH_TIMEOUT));
        if let Some(Err(error)) = ended {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// Starts to write log lines to standard error: as text on a terminal and as JSON otherwise, unless the settings name a
/// format. The log line of a panic has only its location, because its message may contain data of a request. Exports
/// spans if there is a collector.
///
/// # Errors
/// Returns [`TelemetryError::Filter`] or [`TelemetryError::Endpoint`] if the setting is invalid.
pub fn init(
    settings: &LogSettings,
    otlp_endpoint: Option<&str>,
) -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_new(&settings.log).map_err(TelemetryError::Filter)?;
    let is_terminal = std::io::stderr().is_terminal();
    let default = if is_terminal {
        LogFormat::Text
    } else {
        LogFormat::Json
    };
    let format = settings.log_format.unwrap_or(default);
    let telemetry = match otlp_endpoint {
        None => {
            let lines = tracing_subscriber::fmt().with_env_filter(filter);
            let lines = lines.with_writer(std::io::stderr).with_ansi(is_terminal);
            match format {
                LogFormat::Text => lines.init(),
                LogFormat::Json => lines
                    .fmt_fields(JsonFields::new())
                    .event_format(JsonLines)
                    .init(),
            }
            Telemetry::default()
        }
        Some(endpoint) => {
            let provider = provider(endpoint).map_err(TelemetryError::Endpoint)?;
            let only_traces = Targets::new().with_target(traces::TARGET, LevelFilter::TRACE);
            let spans = tracing_opentelemetry::layer()
                .with_tracer(provider.tracer(SERVICE))
                .with_filter(only_traces);
            let lines = lines(format, is_terminal).with_filter(filter);
            tracing_subscriber::registry()
                .with(lines)
                .with(spans)
                .init();
            global::set_text_map_propagator(TraceContextPropagator::new());
            traces::enable();
            Telemetry(Some(provider))
        }
    };
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "a panic");
    }));
    Ok(telemetry)
}

fn lines(format: LogFormat, is_terminal: bool) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal);
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines)
            .boxed(),
    }
}

/// Creates the provider that exports spans from a thread of its own (OTLP over HTTP, Protocol Buffers).
fn provider(endpoint: &str) -> Result<SdkTracerProvider, ExporterBuildError> {
    // Fails if a provider is installed already, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .build()?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
    Ok(provider.with_resource(resource()).build())
}

/// Reads the resource attributes of the environment. Adds a service name if they have none.
fn resource() -> Resource {
    let resource = Resource::builder().build();
    let name = resource.get(&Key::from_static_str("service.name"));
    let is_named = name.is_some_and(|it| !it.as_str().starts_with("unknown_service"));
    if is_named {
        resource
    } else {
        Resource::builder().with_service_name(SERVICE).build()
    }
}
