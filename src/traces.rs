//! Traces (OpenTelemetry): a span for each request, each thing that is asked of the database, and each
//! delivery, named by the semantic conventions. Spans exist only where somebody collects them
//! ([`crate::telemetry`]); they hold no path, no query and no text of a caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use opentelemetry::global;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// What tells these spans from log lines.
pub const TARGET: &str = "dossier::traces";
/// Where a trace comes from (W3C Trace Context, section 3.2).
const PARENT: HeaderName = HeaderName::from_static("traceparent");

static ARE_COLLECTED: AtomicBool = AtomicBool::new(false);

/// Spans are collected from here on.
pub fn begin() {
    ARE_COLLECTED.store(true, Ordering::Relaxed);
}

fn are_collected() -> bool {
    ARE_COLLECTED.load(Ordering::Relaxed)
}

/// The span of a request, in the trace that its headers name or in a new one. `route` is the template of
/// its path, if it has one.
pub fn request(method: &Method, route: Option<&str>, headers: &HeaderMap) -> Span {
    if !are_collected() {
        return Span::none();
    }
    let name = route.map_or_else(|| method.to_string(), |route| format!("{method} {route}"));
    let span = tracing::trace_span!(
        target: TARGET, "http.server",
        otel.name = name, otel.kind = "server", otel.status_code = Empty,
        http.request.method = method.as_str(), http.route = route, url.scheme = "http",
        http.response.status_code = Empty, error.r#type = Empty,
    );
    // No more than the parent is taken: what else a caller says of its trace may be anything.
    let told = headers.get(PARENT).map(|it| (PARENT, it.clone()));
    let told = HeaderMap::from_iter(told);
    let parent = global::get_text_map_propagator(|it| it.extract(&HeaderExtractor(&told)));
    // It fails where this span is not among those that are collected.
    let _ = span.set_parent(parent);
    span
}

/// Notes how a request was answered.
pub fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status);
    }
}

/// The trace that a span is of, to find it by its log lines.
pub fn trace_id(span: &Span) -> Option<String> {
    if !are_collected() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| context.trace_id().to_string())
}

/// The span of something that is asked of the database: `read`, `write` or `transaction`.
pub fn database(operation: &'static str) -> Span {
    tracing::trace_span!(
        target: TARGET, "db.client",
        otel.name = operation, otel.kind = "client", db.system.name = "postgresql",
        db.operation.name = operation,
    )
}

/// The span of a delivery to a host, in the trace of the request that caused it. Its headers carry the
/// trace on.
pub fn delivery(host: Option<&str>, parent: Option<&str>, headers: &mut HeaderMap) -> Span {
    let span = tracing::trace_span!(
        target: TARGET, "http.client",
        otel.name = "POST", otel.kind = "client", otel.status_code = Empty,
        http.request.method = "POST", server.address = host,
        http.response.status_code = Empty, error.r#type = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    if let Some(parent) = parent.and_then(|it| HeaderValue::from_str(it).ok()) {
        let told = HeaderMap::from_iter([(PARENT, parent)]);
        let parent = global::get_text_map_propagator(|it| it.extract(&HeaderExtractor(&told)));
        let _ = span.set_parent(parent);
    }
    let context = span.context();
    global::get_text_map_propagator(|it| {
        it.inject_context(&context, &mut HeaderInjector(headers));
    });
    span
}

/// Notes how a delivery was answered; 0 where it was not.
pub fn delivered(span: &Span, status: i32) {
    if status != 0 {
        span.record("http.response.status_code", status);
    }
    if !(200..400).contains(&status) {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status);
    }
}

/// The trace that what is done now belongs to, for what follows from it later.
pub fn parent() -> Option<Arc<str>> {
    if !are_collected() {
        return None;
    }
    let (context, mut headers) = (Span::current().context(), HeaderMap::new());
    global::get_text_map_propagator(|it| {
        it.inject_context(&context, &mut HeaderInjector(&mut headers));
    });
    headers.get(PARENT)?.to_str().ok().map(Arc::from)
}
