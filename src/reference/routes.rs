//! The paths of the reference. They need no API key and do not read the database.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use utoipa_swagger_ui::Config;

use super::guides::{self, guide, guides_page};
use super::page::{CACHE, POLICY, page, page_response};
use super::problems::{problem_page, problems_page};
use crate::http::{Base, Problem, ProblemType, Segment};
use crate::state::AppState;

/// The JSON of `servers` in the document.
const SERVERS: &str = r#"[{"url":"/v1"},{"url":"/"}]"#;

/// Serves the OpenAPI document, its interactive page, the guides and the problems.
///
/// # Errors
/// Returns an error if the document has no JSON form.
pub fn routes(document: &Value) -> Result<Router<AppState>, serde_json::Error> {
    let document = Arc::new(serde_json::to_string(document)?);
    let openapi = async move |base: Base| openapi_response(&document, &base);
    Ok(Router::new()
        .route("/", get(async |base: Base| page_response(&base, home())))
        .route("/openapi.json", get(openapi))
        .route("/docs", get(docs))
        .route("/docs/{name}", get(file))
        .route(
            "/guides",
            get(async |base: Base| page_response(&base, guides_page())),
        )
        .route(
            "/guides/{name}",
            get(async |base: Base, name: Segment| or_not_found(&base, guide(&name.0))),
        )
        .route(
            "/problems",
            get(async |base: Base| page_response(&base, problems_page())),
        )
        .route(
            "/problems/{name}",
            get(async |base: Base, name: Segment| or_not_found(&base, problem_page(&name.0))),
        ))
}

fn or_not_found(base: &Base, page: Option<String>) -> Response {
    match page {
        Some(page) => page_response(base, page),
        None => Problem::Plain(ProblemType::NotFound).into_response(),
    }
}

/// The response with the OpenAPI document. Its servers have the URL under which the client reaches this server.
fn openapi_response(document: &str, base: &Base) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHE)];
    let text = if base.url().is_empty() {
        document.to_owned()
    } else {
        let url = base.url();
        // Descriptions link to guides and problems.
        let document = document.replace("](/", &format!("]({}/", base.path()));
        document.replacen(
            SERVERS,
            &json!([{"url": format!("{url}/v1")}, {"url": url}]).to_string(),
            1,
        )
    };
    (headers, text).into_response()
}

fn home() -> String {
    let text = format!("{}\n{}", include_str!("home.md"), guides::list());
    page("Home", &text)
}

/// The interactive reference. The public sandbox key is filled in, if the server has it.
async fn docs(State(state): State<AppState>, base: Base) -> Response {
    let key = state.sandbox_key.unwrap_or_default();
    let mut page = page_response(&base, include_str!("docs.html").replace("{key}", key));
    if !key.is_empty() {
        let no_store = HeaderValue::from_static("no-store");
        page.headers_mut().insert(CACHE_CONTROL, no_store);
    }
    page
}

/// A script or a stylesheet of the interactive reference. The binary contains all of them.
async fn file(Segment(name): Segment) -> Response {
    let own = match name.as_str() {
        "start.js" => Some(("text/javascript", include_str!("docs.js"))),
        "start.css" => Some(("text/css", include_str!("docs.css"))),
        _ => None,
    };
    if let Some((kind, text)) = own {
        return ([(CONTENT_TYPE, kind), (CACHE_CONTROL, CACHE)], text).into_response();
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
