//! The paths of the reference. None of them needs a key, and none reads the database.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::Value;
use utoipa_swagger_ui::Config;

use super::guides::{self, guide, guides_page};
use super::page::{CACHED, POLICY, page, shown};
use super::problems::{problem_page, problems_page};
use crate::http::{Problem, ProblemType, Segment};
use crate::state::AppState;

/// Serves a document, the interactive page over it, and the pages for people.
///
/// # Errors
/// None but those of a document that has no JSON form.
pub fn routes(document: &Value) -> Result<Router<AppState>, serde_json::Error> {
    let json = Bytes::from(serde_json::to_vec(document)?);
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHED)];
    let served = async move || (headers, json);
    Ok(Router::new()
        .route("/", get(async || shown(home())))
        .route("/openapi.json", get(served))
        .route("/docs", get(docs))
        .route("/docs/{name}", get(file))
        .route("/guides", get(async || shown(guides_page())))
        .route(
            "/guides/{name}",
            get(async |name: Segment| or_not_found(guide(&name.0))),
        )
        .route("/problems", get(async || shown(problems_page())))
        .route(
            "/problems/{name}",
            get(async |name: Segment| or_not_found(problem_page(&name.0))),
        ))
}

fn or_not_found(page: Option<String>) -> Response {
    match page {
        Some(page) => shown(page),
        None => Problem::Plain(ProblemType::NotFound).into_response(),
    }
}

fn home() -> String {
    let text = format!("{}\n{}", include_str!("home.md"), guides::list());
    page("Home", &text)
}

/// The interactive reference. Where the server's key is the one that everybody knows, it is filled in.
async fn docs(State(state): State<AppState>) -> Response {
    let key = state.known_key.unwrap_or_default();
    let mut page = shown(include_str!("docs.html").replace("{key}", key));
    if !key.is_empty() {
        let no_store = HeaderValue::from_static("no-store");
        page.headers_mut().insert(CACHE_CONTROL, no_store);
    }
    page
}

/// A script or a style of the interactive reference, all of which are in the binary.
async fn file(Segment(name): Segment) -> Response {
    let own = match name.as_str() {
        "start.js" => Some(("text/javascript", include_str!("docs.js"))),
        "start.css" => Some(("text/css", include_str!("docs.css"))),
        _ => None,
    };
    if let Some((kind, text)) = own {
        return ([(CONTENT_TYPE, kind), (CACHE_CONTROL, CACHED)], text).into_response();
    }
    let config = Arc::new(Config::from("/openapi.json"));
    match utoipa_swagger_ui::serve(&name, config) {
        Ok(Some(file)) => {
            let headers = [
                (CONTENT_TYPE, file.content_type.as_str()),
                (CACHE_CONTROL, "public, max-age=86400"),
                (CONTENT_SECURITY_POLICY, POLICY),
            ];
            (StatusCode::OK, headers, file.bytes.into_owned()).into_response()
        }
        Ok(None) | Err(_) => Problem::Plain(ProblemType::NotFound).into_response(),
    }
}
