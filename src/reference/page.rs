//! HTML pages from Markdown.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::guide_texts::guide_path;
use crate::http::Base;

/// The content security policy: a page loads only resources of this server.
pub const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                          frame-ancestors 'none'; base-uri 'none'";

/// The cache lifetime of a page. It changes only with the version of the server.
pub const CACHE: &str = "public, max-age=300";

const STYLE: &str = include_str!("page.css");

/// Renders a page with a title.
pub fn page(title: &str, markdown: &str) -> String {
    let options = Options::ENABLE_TABLES;
    let events = adapt(Parser::new_ext(markdown, options).collect());
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter());
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} - Dossier</title><style>{STYLE}</style></head>\
         <body><nav><a href=\"/\">Dossier</a> <a href=\"/docs\">Reference</a> \
         <a href=\"/guides\">Guides</a> <a href=\"/problems\">Problems</a></nav>\
         <main>{body}</main></body></html>\n"
    )
}

/// The response with a page. Its links start with the path under which the client reaches the server.
pub fn page_response(base: &Base, page: String) -> Response {
    let page = base.link(page);
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, CACHE),
    ];
    (headers, page).into_response()
}

/// Prepares the Markdown of a document for a page: gives ids to headings, points links between documents to the guides,
/// and removes links to documents that are not guides.
fn adapt(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut adapted = Vec::with_capacity(events.len());
    let mut is_dropped = false;
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::Heading {
                level,
                classes,
                attrs,
                ..
            }) => {
                let inside = events.iter().skip(at + 1);
                let inside = inside.take_while(|it| !matches!(it, Event::End(TagEnd::Heading(_))));
                let id = Some(CowStr::from(slug(inside)));
                let (level, classes, attrs) = (*level, classes.clone(), attrs.clone());
                adapted.push(Event::Start(Tag::Heading {
                    level,
                    id,
                    classes,
                    attrs,
                }));
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                let path = guide_path(dest_url);
                is_dropped = path.is_none() && is_relative(dest_url);
                if !is_dropped {
                    let (link_type, title, id) = (*link_type, title.clone(), id.clone());
                    let dest_url = path.map_or_else(|| dest_url.clone(), CowStr::from);
                    adapted.push(Event::Start(Tag::Link {
                        link_type,
                        dest_url,
                        title,
                        id,
                    }));
                }
            }
            Event::End(TagEnd::Link) if is_dropped => is_dropped = false,
            event => adapted.push(event.clone()),
        }
    }
    adapted
}

/// Whether a link is relative: it points to a file of the repository.
fn is_relative(link: &str) -> bool {
    !link.contains("://") && !link.starts_with(['/', '#'])
}

/// The fragment of a heading in links: its words in lower case, with hyphens.
fn slug<'e>(inside: impl Iterator<Item = &'e Event<'e>>) -> String {
    let mut slug = String::new();
    for event in inside {
        if let Event::Text(text) | Event::Code(text) = event {
            let words = text
                .chars()
                .filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
            slug.extend(
                words
                    .flat_map(char::to_lowercase)
                    .map(|it| if it == ' ' { '-' } else { it }),
            );
        }
    }
    slug
}
