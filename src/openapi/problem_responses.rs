//! The error responses of operations, derived from the inputs of each operation.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{Components, Header, Ref, RefOr, Response, ResponseBuilder};

use super::operations::name_headers;
use super::problem_examples::example;
use crate::http::{ProblemDocument, ProblemType};

/// The status, name and description of each response.
const RESPONSES: [(u16, &str, &str); 13] = [
    (
        400,
        "BadRequest",
        "The request is malformed or has invalid parameters: make sure that the body matches the schema. \
         `errors` lists every error with its location. Nothing was stored.",
    ),
    (401, "Unauthorized", "The API key is missing or invalid."),
    (
        404,
        "NotFound",
        "The workspace of the API key has no such resource.",
    ),
    (408, "RequestTimeout", "The body did not arrive in time."),
    (
        409,
        "Conflict",
        "The request conflicts with the current state.",
    ),
    (
        410,
        "Gone",
        "The response to this `Idempotency-Key` was erased, because its case was deleted.",
    ),
    (
        412,
        "PreconditionFailed",
        "`If-Match` does not match the version of the case.",
    ),
    (
        413,
        "PayloadTooLarge",
        "The body is larger than the limit of this server.",
    ),
    (
        415,
        "UnsupportedMediaType",
        "The content type is not JSON in UTF-8, or the body is compressed.",
    ),
    (
        422,
        "UnprocessableContent",
        "The `Idempotency-Key` was used for another request.",
    ),
    (
        429,
        "TooManyRequests",
        "The API key has exceeded its rate limit.",
    ),
    (
        500,
        "InternalServerError",
        "The server has an internal error.",
    ),
    (
        503,
        "ServiceUnavailable",
        "The server cannot execute the request now. Unless `type` is `/problems/outcome-unknown`, nothing was stored.",
    ),
];

/// Declares the responses, each with an example of every problem with its status.
pub fn declare(components: &mut Components) {
    let schema_name = ProblemDocument::name().into_owned();
    let mut schemas = Vec::new();
    ProblemDocument::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.schemas.insert(
        schema_name.clone(),
        <ProblemDocument as utoipa::PartialSchema>::schema(),
    );
    for (status, response_name, about) in RESPONSES {
        let mut content =
            ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name(&schema_name))));
        for kind in ProblemType::ALL {
            let parts = kind.parts();
            if parts.status.as_u16() != status {
                continue;
            }
            let example = ExampleBuilder::new()
                .summary(parts.title)
                .value(serde_json::to_value(example(kind)).ok())
                .build();
            content = content.examples_from_iter([(parts.name, example)]);
        }
        let response = ResponseBuilder::new()
            .description(about)
            .content("application/problem+json", content.build())
            .build();
        components.responses.insert(
            response_name.to_owned(),
            RefOr::T(with_headers(status, response)),
        );
    }
}

fn with_headers(status: u16, mut response: Response) -> Response {
    let name = match status {
        401 => Some("WWW-Authenticate"),
        409 | 429 | 503 => Some("Retry-After"),
        _ => None,
    };
    if let Some(name) = name {
        response
            .headers
            .insert(name.to_owned(), Header::default().into());
    }
    name_headers(&mut response, false);
    response
}

/// The error responses of an operation: status and name of each.
pub fn of(operation: &Operation) -> BTreeMap<String, &'static str> {
    let has_key = operation.security.is_none();
    let in_path = parameters(operation).any(|it| it.parameter_in == ParameterIn::Path);
    let has_body = operation.request_body.is_some();
    let statuses = [
        (has_key, &[400, 401, 429, 500][..]),
        (true, &[503]),
        (in_path, &[404]),
        (has_body, &[408, 409, 413, 415]),
        (has(operation, "Idempotency-Key"), &[409, 410, 422]),
        (has(operation, "If-Match"), &[404, 412]),
    ];
    let statuses = statuses
        .into_iter()
        .filter(|(holds, _)| *holds)
        .flat_map(|(_, of)| of);
    statuses
        .filter_map(|status| {
            let (_, name, _) = RESPONSES.iter().find(|(of, _, _)| of == status)?;
            Some((status.to_string(), *name))
        })
        .collect()
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    let parameters = operation.parameters.iter().flatten();
    parameters.filter_map(|it| match it {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}

/// Whether an operation has a parameter of this name.
pub fn has(operation: &Operation, name: &str) -> bool {
    parameters(operation).any(|it| it.name == name)
}
