//! The edge: what is done once for every request and every answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::{Problem, ProblemType};
use crate::values::IdSource;

/// The id of a request: the caller's, if it is sane; else a new one.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

const HEADER: &str = "x-request-id";

/// Gives the request its id, turns problems into documents, and logs one line.
pub async fn edge(State(ids): State<IdSource>, mut request: Request, next: Next) -> Response {
    let id = sane(&request).unwrap_or_else(|| ids.next(chrono::Utc::now()).to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, begun) = (request.method().clone(), std::time::Instant::now());
    let span = tracing::info_span!("request", id = %id);
    let mut response = next.run(request).instrument(span.clone()).await;
    let _entered = span.enter();
    let problem = response.extensions_mut().remove::<Arc<Problem>>();
    if let Some(problem) = problem {
        response = render(&problem, &id, response);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    log(&method, response.status(), begun.elapsed());
    response
}

fn sane(request: &Request) -> Option<String> {
    let id = request.headers().get(HEADER)?.to_str().ok()?;
    let sane = (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    sane.then(|| id.to_owned())
}

fn render(problem: &Problem, id: &str, plain: Response) -> Response {
    if let Some(cause) = problem.cause() {
        tracing::error!(cause, "a request could not be answered");
    }
    let mut response = Json(problem.document(id, chrono::Utc::now())).into_response();
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
        ProblemType::Unavailable | ProblemType::OutcomeUnknown => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        ProblemType::Unauthorized => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        _ => {}
    }
    response
}

fn log(method: &Method, status: StatusCode, took: std::time::Duration) {
    tracing::info!(%method, status = status.as_u16(), ms = took.as_millis(), "answered");
}
