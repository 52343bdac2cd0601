//! Pages for people, from Markdown.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};

/// What a page may load: what this server itself has.
pub const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                          frame-ancestors 'none'; base-uri 'none'";

const STYLE: &str = include_str!("page.css");

/// A page with a title.
pub fn page(title: &str, markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
    let parser = Parser::new_ext(markdown, options).map(served);
    let mut body = String::new();
    html::push_html(&mut body, parser);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} - Dossier</title><style>{STYLE}</style></head>\
         <body><nav><a href=\"/\">Dossier</a> <a href=\"/docs\">Reference</a> \
         <a href=\"/guides\">Guides</a> <a href=\"/problems\">Problems</a></nav>\
         <main>{body}</main></body></html>\n"
    )
}

/// The answer that shows a page.
pub fn shown(page: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, page).into_response()
}

/// Links between the documents of the project lead to the guides that are served.
fn served(event: Event<'_>) -> Event<'_> {
    let Event::Start(Tag::Link {
        link_type,
        dest_url,
        title,
        id,
    }) = event
    else {
        return event;
    };
    let dest_url = match super::guides::path_of(&dest_url) {
        Some(path) => CowStr::from(path),
        None => dest_url,
    };
    Event::Start(Tag::Link {
        link_type,
        dest_url,
        title,
        id,
    })
}
