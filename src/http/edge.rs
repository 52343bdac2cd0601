//! The edge: the middleware around every request and every response.

use std::sync::Arc;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, LOCATION, RETRY_AFTER, VARY,
    WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;
use tracing::field::Empty;

use super::host::check_host;
use super::{
    Base, FORWARDED_PREFIX, Front, Gate, Limits, Peer, Problem, ProblemType, Rates, Stopping,
};
use crate::db::Deadline;
use crate::ids::IdSource;
use crate::metrics::Metrics;
use crate::traces;
use crate::validation::Budget;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The state of the middleware.
#[derive(Debug)]
pub struct Edge {
    pub ids: IdSource,
    pub limits: Limits,
    pub rates: Rates,
    pub gate: Gate,
    pub stopping: Stopping,
    pub metrics: Metrics,
    pub front: Arc<Front>,
}

/// Sets the request id (that of the client if it is valid, else a new one) and the deadline, renders problems, sets the
/// common headers, and logs one line.
pub async fn edge(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let id = client_id(&request).unwrap_or_else(|| edge.ids.next(chrono::Utc::now()).to_string());
    let deadline = Deadline::after(edge.limits.request);
    request.extensions_mut().insert(deadline);
    let peer = request.extensions().get::<Peer>().copied();
    let base = edge.front.base(request.headers(), peer);
    let has_prefix = base != Base::default();
    if has_prefix {
        request.extensions_mut().insert(base.clone());
    }
    let allowance = edge.rates.allowance(request.method());
    if let Some(allowance) = allowance.clone() {
        request.extensions_mut().insert(allowance);
    }
    let (method, started) = (request.method().clone(), std::time::Instant::now());
    // The route template, not the path: an external id in the path can be personal data.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let active = edge.metrics.begin_request(method.as_str());
    let span = tracing::info_span!("request", id = %id, trace_id = Empty);
    let route_name = route.as_ref().map(MatchedPath::as_str);
    let traced = span.in_scope(|| traces::request(&method, route_name, request.headers()));
    if let Some(trace_id) = traces::trace_id(&traced) {
        span.record("trace_id", trace_id);
    }
    let mut response = match check_host(&request) {
        Ok(()) => {
            let passed = edge.gate.pass(request, next).instrument(traced.clone());
            passed.instrument(span.clone()).await
        }
        Err(problem) => problem.into_response(),
    };
    let _entered = span.enter();
    let problem = response.extensions_mut().remove::<Arc<Problem>>();
    if let Some(problem) = problem {
        response = render(&problem, &id, response, &edge.metrics);
    }
    if has_prefix {
        prefix_location(response.headers_mut(), &base);
    }
    limit_caches(response.headers_mut(), &edge.front);
    if let Some(allowance) = allowance {
        allowance.write_headers(response.headers_mut());
    }
    if edge.stopping.has_begun() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(HEADER, value);
    }
    let (status, duration) = (response.status(), started.elapsed());
    drop(active);
    let metrics = &edge.metrics;
    metrics.record_response(method.as_str(), route_name, status.as_u16(), duration);
    traces::record_response(&traced, status.as_u16());
    log(&method, route_name.unwrap_or("none"), status, duration);
    response
}

/// Adds the path prefix to a relative `Location`.
fn prefix_location(headers: &mut HeaderMap, base: &Base) {
    let location = headers.get(LOCATION).and_then(|it| it.to_str().ok());
    let relative = location.filter(|it| it.starts_with('/'));
    let prefixed = relative.map(|it| HeaderValue::try_from(format!("{}{it}", base.path())));
    if let Some(Ok(location)) = prefixed {
        headers.insert(LOCATION, location);
    }
}

/// Sets the caching headers of a response.
fn limit_caches(headers: &mut HeaderMap, front: &Front) {
    // Responses of the API are private, and problems are temporary. Pages and files set their own header.
    let cached = headers.entry(CACHE_CONTROL);
    cached.or_insert(HeaderValue::from_static("no-store"));
    // A cache between the proxy and this server sees the same path for all prefixes.
    if front.depends_on_proxy() {
        headers.append(VARY, HeaderValue::from(FORWARDED_PREFIX));
    }
}

/// The `X-Request-Id` of the client, if it has 1 to 128 safe ASCII characters.
fn client_id(request: &Request) -> Option<String> {
    let id = request.headers().get(HEADER)?.to_str().ok()?;
    let is_valid = (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    is_valid.then(|| id.to_owned())
}

fn render(problem: &Problem, id: &str, plain: Response, metrics: &Metrics) -> Response {
    if let Some(cause) = problem.cause() {
        tracing::error!(cause, "request failed");
    }
    let document = problem.document(id, chrono::Utc::now(), &mut Budget::default());
    document.count(metrics);
    let mut response = Json(document).into_response();
    *response.status_mut() = plain.status();
    let headers = response.headers_mut();
    headers.extend(
        plain
            .headers()
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.remove(axum::http::header::CONTENT_LENGTH);
    match problem.problem_type() {
        ProblemType::Unavailable
        | ProblemType::TimedOut
        | ProblemType::OutOfResources
        | ProblemType::ReadOnly
        | ProblemType::Busy
        | ProblemType::Overloaded
        | ProblemType::RequestInProgress
        | ProblemType::NotMigrated
        | ProblemType::OutcomeUnknown => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        ProblemType::Unauthorized => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The accepted coding (RFC 9110, section 15.5.16).
        ProblemType::UnsupportedContentEncoding => {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        _ => {}
    }
    response
}

fn log(method: &Method, route: &str, status: StatusCode, duration: std::time::Duration) {
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, route, status = status.as_u16(), ms, "request completed");
}
