//! Logs and traces: where they go, how they look, and what a panic leaves in them.

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

/// How long the spans of a server that stops may take to be handed over.
const FLUSH: Duration = Duration::from_secs(3);
/// What the service is called where nobody has named it (`OTEL_SERVICE_NAME`).
const SERVICE: &str = "dossier";

/// Why nothing can be logged.
#[derive(Debug, Error)]
pub enum TelemetryError {
    #[error("DOSSIER_LOG is not a filter, such as info or dossier=debug,sqlx=warn")]
    Filter(#[source] ParseError),
    #[error(
        "OTEL_EXPORTER_OTLP_ENDPOINT is not where a collector takes traces, such as \
         http://localhost:4318"
    )]
    Endpoint(#[source] ExporterBuildError),
}

/// What has to be handed over before the process ends.
#[derive(Debug, Default)]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Hands over the spans that were not yet; those that nobody takes within seconds are lost.
    pub fn end(self) {
        let ended = self.0.map(|it| it.shutdown_with_timeout(FLUSH));
        if let Some(Err(error)) = ended {
            tracing::warn!(%error, "the last spans were not handed over");
        }
    }
}

/// Writes log lines to standard error from now on: for people where that is a terminal, as JSON elsewhere,
/// unless it is said how. A panic is logged by its place alone: its message may hold what a request said.
/// Spans go to a collector where there is one.
///
/// # Errors
/// A filter that is none, and an endpoint that is none.
pub fn init(
    settings: &LogSettings,
    otlp_endpoint: Option<&str>,
) -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_new(&settings.log).map_err(TelemetryError::Filter)?;
    let is_for_people = std::io::stderr().is_terminal();
    let usual = if is_for_people {
        LogFormat::Text
    } else {
        LogFormat::Json
    };
    let format = settings.log_format.unwrap_or(usual);
    let telemetry = match otlp_endpoint {
        None => {
            let lines = tracing_subscriber::fmt().with_env_filter(filter);
            let lines = lines.with_writer(std::io::stderr).with_ansi(is_for_people);
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
            let collected = Targets::new().with_target(traces::TARGET, LevelFilter::TRACE);
            let spans = tracing_opentelemetry::layer()
                .with_tracer(provider.tracer(SERVICE))
                .with_filter(collected);
            let lines = lines(format, is_for_people).with_filter(filter);
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
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic");
    }));
    Ok(telemetry)
}

fn lines(format: LogFormat, is_for_people: bool) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(is_for_people);
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines)
            .boxed(),
    }
}

/// What collects spans and hands them over in a thread of its own (OTLP over HTTP, Protocol Buffers).
fn provider(endpoint: &str) -> Result<SdkTracerProvider, ExporterBuildError> {
    // It fails where one is installed already, which does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .build()?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
    Ok(provider.with_resource(resource()).build())
}

/// What the environment says of the service, and its name where that does not.
fn resource() -> Resource {
    let said = Resource::builder().build();
    let name = said.get(&Key::from_static_str("service.name"));
    let is_named = name.is_some_and(|it| !it.as_str().starts_with("unknown_service"));
    if is_named {
        said
    } else {
        Resource::builder().with_service_name(SERVICE).build()
    }
}
