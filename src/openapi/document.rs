//! The OpenAPI document: the descriptions of the operations, and everything that they share.

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
use super::{generators, hooks, links, problem_responses, tidy};

/// Completes the document (OpenAPI 3.1), as it is served and printed.
///
/// # Errors
/// Returns an error if the document has no JSON form.
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
    problem_responses::declare(components);
    hooks::declare(components);
    operations.webhooks = Some(hooks::webhooks());
    for item in operations.paths.paths.values_mut() {
        for operation in each(item) {
            complete(operation);
        }
    }
    links::add(&mut operations.paths);
    let mut document = serde_json::to_value(&operations)?;
    generators::adapt(&mut document);
    tidy::tidy(&mut document);
    Ok(document)
}

/// The headers that can carry the API key.
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
                "Accepted for compatibility with existing clients.",
            ),
        ),
    ]
}

fn requirement(name: &str) -> SecurityRequirement {
    SecurityRequirement::new(name, Vec::<String>::new())
}

fn tags() -> Vec<Tag> {
    [
        (
            "Cases",
            "Customers, with their companies, individuals and relations.",
        ),
        ("Companies", "The companies of cases."),
        ("Individuals", "The individuals of cases."),
        (
            "Relations",
            "Who owns or represents the companies of cases.",
        ),
        ("Tags", "Short labels for cases."),
        (
            "Templates",
            "Defaults and required fields for a kind of case.",
        ),
        (
            "Custom properties",
            "Fields that the workspace adds to cases, companies and individuals.",
        ),
        ("Users", "The people to whom cases are assigned."),
        ("Spaces", "Groups of cases in the workspace."),
        ("Activities", "The audit log."),
        (
            "Webhooks",
            "Endpoints that receive events, and the deliveries to them.",
        ),
        ("Workspace", "The workspace of the key."),
        ("Health", "Liveness and readiness. No API key is needed."),
    ]
    .map(|(name, about)| {
        TagBuilder::new()
            .name(name)
            .description(Some(about))
            .build()
    })
    .to_vec()
}

/// Adds what follows from the inputs of an operation: its error responses and the headers of its responses.
fn complete(operation: &mut Operation) {
    // The error responses replace the `# Errors` section of a handler.
    let about = operation.description.take();
    let about = about.map(|it| {
        it.split("# Errors")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    });
    let mut about = about.unwrap_or_default();
    if let Some(text) = operation.summary.take() {
        let (summary, rest) = first_sentence(&text);
        about = format!("{rest}\n\n{about}").trim().to_owned();
        operation.summary = Some(summary);
    }
    operation.description = Some(about).filter(|it| !it.is_empty());
    for (status, name) in problem_responses::of(operation) {
        let response = RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.insert(status, response);
    }
    let is_public = operation.security.is_some();
    let is_idempotent = problem_responses::has(operation, "Idempotency-Key");
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            if is_idempotent {
                let name = "Idempotent-Replayed".to_owned();
                response.headers.insert(name, Header::default().into());
            }
            name_headers(response, is_public);
        }
    }
}

/// Splits a description into its first sentence, which lists of operations show, and the rest. Joins its lines.
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

/// The headers of responses.
fn headers() -> BTreeMap<String, RefOr<Header>> {
    let headers = [
        (
            "ETag",
            "The version of the case, for `If-Match`. Changes of its companies, individuals and relations renew it.",
            json!("\"3\""),
        ),
        (
            "Location",
            "The path of the new resource, with the prefix of the request.",
            json!("/v1/cases/01a20c61-ea39-74ab-b086-7426e867c8a9"),
        ),
        (
            "X-Request-Id",
            "The id of the request, also in the logs. It is the id that the client sent, if that is valid.",
            json!("01a20c61-ea39-74ab-b086-7426e867c8a9"),
        ),
        (
            "RateLimit",
            "The remaining requests of the API key, if the server limits them.",
            json!("\"write\";r=5998;t=1"),
        ),
        (
            "RateLimit-Policy",
            "The rate limit of the API key, if the server has one.",
            json!("\"write\";q=6000;w=60"),
        ),
        (
            "Idempotent-Replayed",
            "`true` if this is the stored response of an earlier request.",
            json!("true"),
        ),
        (
            "Retry-After",
            "The number of seconds to wait before a retry.",
            json!("1"),
        ),
        (
            "WWW-Authenticate",
            "The authentication scheme.",
            json!("Bearer"),
        ),
    ];
    let headers = headers.map(|(name, about, example)| {
        let mut header = Header::new(Object::with_type(Type::String));
        header.description = Some(about.to_owned());
        header.example = Some(example);
        (name.to_owned(), RefOr::T(header))
    });
    headers.into()
}
