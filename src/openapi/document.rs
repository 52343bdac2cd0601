//! The document: what the operations say of themselves, and what holds for all of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    Components, Header, InfoBuilder, LicenseBuilder, Object, OpenApi, Ref, RefOr, Server,
};

use super::operations::{each, name_headers};
use super::{generators, hooks, links, refusals, tidy};

/// The whole document (OpenAPI 3.1), as it is served and printed.
///
/// # Errors
/// None but those of a document that has no JSON form.
pub fn document(mut operations: OpenApi) -> Result<Value, serde_json::Error> {
    operations.info = InfoBuilder::new()
        .title("Dossier")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("about.md")))
        .license(Some(
            LicenseBuilder::new().name("MIT OR Apache-2.0").build(),
        ))
        .build();
    operations.servers = Some(vec![Server::new("/v1"), Server::new("/")]);
    let schemes = schemes();
    let required = schemes.iter().map(|(name, _)| requirement(name));
    operations.security = Some(required.collect());
    operations.tags = Some(tags());
    let components = operations.components.get_or_insert_with(Components::new);
    for (name, scheme) in schemes {
        components.add_security_scheme(name, scheme);
    }
    components.headers = headers();
    refusals::declare(components);
    hooks::declare(components);
    operations.webhooks = Some(hooks::webhooks());
    for item in operations.paths.paths.values_mut() {
        for operation in each(item) {
            complete(operation);
        }
    }
    links::add(&mut operations.paths);
    let mut document = serde_json::to_value(&operations)?;
    generators::suit_generators(&mut document);
    tidy::tidy(&mut document);
    Ok(document)
}

/// The ways in which a key arrives.
fn schemes() -> [(&'static str, SecurityScheme); 3] {
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some("`Authorization: Bearer KEY`".to_owned());
    let header = |name: &str, about: &str| {
        let header = ApiKeyValue::with_description(name, about);
        SecurityScheme::ApiKey(ApiKey::Header(header))
    };
    [
        ("Bearer", SecurityScheme::Http(bearer)),
        ("ApiKey", header("X-API-Key", "`X-API-Key: KEY`")),
        (
            "DotfileApiKey",
            header(
                "X-DOTFILE-API-KEY",
                "The header that existing clients send.",
            ),
        ),
    ]
}

fn requirement(name: &str) -> SecurityRequirement {
    SecurityRequirement::new(name, Vec::<String>::new())
}

fn tags() -> Vec<Tag> {
    [
        ("Cases", "A customer, with everything that belongs to it."),
        ("Companies", "Companies of a case."),
        ("Individuals", "Individuals of a case."),
        ("Relations", "Who owns or represents a company of a case."),
        ("Tags", "Short labels for cases."),
        ("Templates", "What the workspace asks of a kind of case."),
        (
            "Custom properties",
            "What the workspace adds to cases, companies and individuals.",
        ),
        ("Users", "The people to whom cases are assigned."),
        ("Spaces", "Parts of the workspace that cases lie in."),
        ("Activities", "Who did what."),
        (
            "Webhooks",
            "Endpoints that are told of events, and what became of each delivery.",
        ),
        ("Workspace", "The workspace of the key."),
        (
            "Health",
            "Whether the process runs, and whether it can serve. Without a key.",
        ),
    ]
    .map(|(name, about)| {
        TagBuilder::new()
            .name(name)
            .description(Some(about))
            .build()
    })
    .to_vec()
}

/// What an operation does not say of itself, because it holds for all that are like it.
fn complete(operation: &mut Operation) {
    // What a handler says to its readers of errors is in the answers here.
    let about = operation.description.take();
    let about = about.map(|it| {
        it.split("# Errors")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    });
    let mut about = about.unwrap_or_default();
    if let Some(whole) = operation.summary.take() {
        let (summary, rest) = first_sentence(&whole);
        about = format!("{rest}\n\n{about}").trim().to_owned();
        operation.summary = Some(summary);
    }
    operation.description = Some(about).filter(|it| !it.is_empty());
    let refused = refusals::of(operation);
    for (status, name) in refused {
        let response = RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.insert(status, response);
    }
    let is_public = operation.security.is_some();
    let is_done_once = refusals::has(operation, "Idempotency-Key");
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            if is_done_once {
                let name = "Idempotent-Replayed".to_owned();
                response.headers.insert(name, Header::default().into());
            }
            name_headers(response, is_public);
        }
    }
}

/// What a list of operations shows of one, and the rest. Lines of the source are no lines of the text.
fn first_sentence(text: &str) -> (String, String) {
    let text = text.replace('\n', " ");
    let end = [". ", ": "].iter().filter_map(|it| text.find(it)).min();
    let (summary, rest) = end.map_or((text.as_str(), ""), |end| text.split_at(end));
    let rest = rest.trim_start_matches(['.', ':', ' ']);
    let mut letters = rest.chars();
    let first = letters.next().map(char::to_uppercase);
    let rest = first.into_iter().flatten().chain(letters).collect();
    (summary.trim_end_matches('.').to_owned(), rest)
}

/// The headers of answers.
fn headers() -> BTreeMap<String, RefOr<Header>> {
    let headers = [
        (
            "ETag",
            "The version of the case with all that belongs to it, for `If-Match`.",
            json!("\"3\""),
        ),
        (
            "Location",
            "Where it can be read, with the prefix of the request.",
            json!("/v1/cases/01a20c61-ea39-74ab-b086-7426e867c8a9"),
        ),
        (
            "X-Request-Id",
            "The id of the request: the caller's, if it sent a sane one; logs have it.",
            json!("01a20c61-ea39-74ab-b086-7426e867c8a9"),
        ),
        (
            "RateLimit",
            "How much of the key's rate is left, where the server has one.",
            json!("\"write\";r=5998;t=1"),
        ),
        (
            "RateLimit-Policy",
            "The key's rate, where the server has one.",
            json!("\"write\";q=6000;w=60"),
        ),
        (
            "Idempotent-Replayed",
            "`true` of an answer that was given before.",
            json!("true"),
        ),
        (
            "Retry-After",
            "After how many seconds to send it again.",
            json!("1"),
        ),
        ("WWW-Authenticate", "How a key arrives.", json!("Bearer")),
    ];
    let headers = headers.map(|(name, about, example)| {
        let mut header = Header::new(Object::with_type(Type::String));
        header.description = Some(about.to_owned());
        header.example = Some(example);
        (name.to_owned(), RefOr::T(header))
    });
    headers.into()
}
