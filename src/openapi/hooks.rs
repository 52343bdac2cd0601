//! The webhooks: what an endpoint is sent.

use utoipa::openapi::path::{
    OperationBuilder, ParameterBuilder, ParameterIn, PathItemBuilder, Paths, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Components, Content, HttpMethod, Object, Ref, RefOr, Required, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::events::Event;
use crate::webhooks::PayloadView;

/// Declares the schemas that payloads have.
pub fn declare(components: &mut Components) {
    let mut schemas = Vec::new();
    PayloadView::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components
        .schemas
        .insert(PayloadView::name().into_owned(), PayloadView::schema());
}

/// One webhook for each event that this server causes.
pub fn webhooks() -> Paths {
    let mut names: Vec<&str> = Event::ALL.iter().map(|event| event.name).collect();
    names.dedup();
    let hooks = names.into_iter().fold(PathsBuilder::new(), |hooks, name| {
        let subs: Vec<_> = Event::ALL
            .iter()
            .filter(|it| it.name == name)
            .filter_map(|it| it.sub)
            .collect();
        let about = if subs.is_empty() {
            String::new()
        } else {
            format!("`sub_event` is one of {}.", subs.join(", "))
        };
        let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name(PayloadView::name()))));
        let body = RequestBodyBuilder::new()
            .content("application/json", content)
            .required(Some(Required::True))
            .build();
        let taken = ResponseBuilder::new()
            .description("It is taken. Everything else is tried again, 410 excepted.");
        let mut operation = OperationBuilder::new()
            .summary(Some(name))
            .description(Some(about).filter(|it| !it.is_empty()))
            .operation_id(Some(format!(
                "on_{}",
                name.to_lowercase().replace('.', "_")
            )))
            .tag("Webhooks")
            .security(SecurityRequirement::default())
            .request_body(Some(body))
            .response("2XX", taken);
        for (header, about) in HEADERS {
            operation = operation.parameter(
                ParameterBuilder::new()
                    .name(header)
                    .parameter_in(ParameterIn::Header)
                    .required(Required::True)
                    .description(Some(about))
                    .schema(Some(Object::with_type(Type::String))),
            );
        }
        hooks.path(
            name,
            PathItemBuilder::new()
                .operation(HttpMethod::Post, operation)
                .build(),
        )
    });
    hooks.build()
}

/// What a delivery is signed with.
const HEADERS: [(&str, &str); 4] = [
    (
        "webhook-id",
        "The id of the event: it stays the same when a delivery is tried again (Standard Webhooks 1.0).",
    ),
    (
        "webhook-timestamp",
        "When it was sent, in seconds since 1970.",
    ),
    (
        "webhook-signature",
        "`v1,` and the HMAC-SHA256 of id, timestamp and body in base64; two while a secret is rotated.",
    ),
    (
        "dotfile-signature",
        "The HMAC-SHA256 of the body with the secret's text, in hexadecimal digits.",
    ),
];
