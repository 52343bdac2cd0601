//! The webhooks: the requests to endpoints.

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

/// Declares the schemas of payloads.
pub fn declare(components: &mut Components) {
    let mut schemas = Vec::new();
    PayloadView::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components
        .schemas
        .insert(PayloadView::name().into_owned(), PayloadView::schema());
}

/// One webhook for each event of this server.
pub fn webhooks() -> Paths {
    let mut names: Vec<&str> = Event::ALL.iter().map(|event| event.name).collect();
    names.dedup();
    let hooks = names.into_iter().fold(PathsBuilder::new(), |hooks, name| {
        let sub_events: Vec<_> = Event::ALL
            .iter()
            .filter(|it| it.name == name)
            .filter_map(|it| it.sub)
            .collect();
        let about = if sub_events.is_empty() {
            String::new()
        } else {
            format!("`sub_event` is one of {}.", sub_events.join(", "))
        };
        let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name(PayloadView::name()))));
        let body = RequestBodyBuilder::new()
            .content("application/json", content)
            .required(Some(Required::True))
            .build();
        let delivered = ResponseBuilder::new()
            .description("The delivery succeeded. Any other status is retried, except 410.");
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
            .response("2XX", delivered);
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

/// The headers of a delivery.
const HEADERS: [(&str, &str); 4] = [
    (
        "webhook-id",
        "The id of the event. A retry has the same id (Standard Webhooks 1.0).",
    ),
    (
        "webhook-timestamp",
        "The time of the attempt, in seconds since 1970-01-01T00:00:00Z.",
    ),
    (
        "webhook-signature",
        "`v1,` and the HMAC-SHA256 of id, timestamp and body in base64. Two signatures while a secret is rotated.",
    ),
    (
        "dotfile-signature",
        "The HMAC-SHA256 of the body in hexadecimal digits. The key is the secret as a string.",
    ),
];
