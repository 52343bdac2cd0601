//! Traces (OpenTelemetry): a span for each request, each database operation and each webhook delivery, named by the
//! semantic conventions. Spans exist only if a collector is set ([`crate::telemetry`]). They contain no path, no query
//! and no data of a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use opentelemetry::global;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The tracing target of these spans, which separates them from log lines.
pub const TARGET: &str = "dossier::traces";
/// The header of the parent span (W3C Trace Context, section 3.2).
const PARENT: HeaderName = HeaderName::from_static("traceparent");

static IS_ENABLED: AtomicBool = AtomicBool::new(false);

/// Enables spans.
pub fn enable() {
    IS_ENABLED.store(true, Ordering::Relaxed);
}

fn is_enabled() -> bool {
    IS_ENABLED.load(Ordering::Relaxed)
}

/// Creates the span of a request, in the trace of its headers or in a new one. `route` is the template of its path, if
/// it matched one.
pub fn request(method: &Method, route: Option<&str>, headers: &HeaderMap) -> Span {
    if !is_enabled() {
        return Span::none();
    }
    let name = route.map_or_else(|| method.to_string(), |route| format!("{method} {route}"));
    let span = tracing::trace_span!(
        target: TARGET, "http.server",
        otel.name = name, otel.kind = "server", otel.status_code = Empty,
        http.request.method = method.as_str(), http.route = route, url.scheme = "http",
        http.response.status_code = Empty, error.r#type = Empty,
    );
    // Only the parent: a client may put anything in the other trace headers.
    let trusted = headers.get(PARENT).map(|it| (PARENT, it.clone()));
    let trusted = HeaderMap::from_iter(trusted);
    let parent = global::get_text_map_propagator(|it| it.extract(&HeaderExtractor(&trusted)));
    // Fails if the span is not collected.
    let _ = span.set_parent(parent);
    span
}

/// Records the response of a request.
pub fn record_response(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status);
    }
}

/// Returns the trace id of a span, for its log lines.
pub fn trace_id(span: &Span) -> Option<String> {
    if !is_enabled() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| context.trace_id().to_string())
}

/// Creates the span of a database operation: `read`, `write` or `transaction`.
pub fn database(operation: &'static str) -> Span {
    tracing::trace_span!(
        target: TARGET, "db.client",
        otel.name = operation, otel.kind = "client", db.system.name = "postgresql",
        db.operation.name = operation,
    )
}

/// Creates the span of a delivery to a host, in the trace of the request that caused it, and adds the trace to the
/// headers of the delivery.
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
        let stored = HeaderMap::from_iter([(PARENT, parent)]);
        let parent = global::get_text_map_propagator(|it| it.extract(&HeaderExtractor(&stored)));
        let _ = span.set_parent(parent);
    }
    let context = span.context();
    global::get_text_map_propagator(|it| {
        it.inject_context(&context, &mut HeaderInjector(headers));
    });
    span
}

/// Records the response of a delivery; the status is 0 if there was none.
pub fn record_delivery(span: &Span, status: i32) {
    if status != 0 {
        span.record("http.response.status_code", status);
    }
    if !(200..400).contains(&status) {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status);
    }
}

/// Returns the `traceparent` of the current span, to store it with work that is done later.
pub fn parent() -> Option<Arc<str>> {
    if !is_enabled() {
        return None;
    }
    let (context, mut headers) = (Span::current().context(), HeaderMap::new());
    global::get_text_map_propagator(|it| {
        it.inject_context(&context, &mut HeaderInjector(&mut headers));
    });
    headers.get(PARENT)?.to_str().ok().map(Arc::from)
}
