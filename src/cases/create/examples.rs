//! The samples and named examples of `POST /cases` in the API reference.

use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, OpenApi, RefOr};

/// Requests that the sandbox accepts.
const EXAMPLES: [(&str, &str, &str); 3] = [
    (
        "minimal",
        "Minimal: a name",
        include_str!("../samples/minimal.json"),
    ),
    (
        "kyc",
        "KYC: one individual",
        include_str!("../samples/kyc.json"),
    ),
    (
        "kyb",
        "KYB: a company, its holding and the people behind them",
        include_str!("../samples/kyb.json"),
    ),
];

/// The same request in several languages.
const SAMPLES: [(&str, &str, &str); 5] = [
    ("shell", "Shell", include_str!("../samples/create_case.sh")),
    (
        "javascript",
        "Node",
        include_str!("../samples/create_case.mjs"),
    ),
    (
        "python",
        "Python",
        include_str!("../samples/create_case.py"),
    ),
    ("php", "PHP", include_str!("../samples/create_case.php")),
    (
        "rust",
        "Rust",
        include_str!("../samples/create_case.rs.txt"),
    ),
];

/// Adds the samples, examples and links to the operation.
pub fn add_examples(document: &mut OpenApi) {
    let create = document
        .paths
        .paths
        .get_mut("/cases")
        .and_then(|it| it.post.as_mut());
    if let Some(create) = create {
        add_samples(create);
        add_requests(create);
        add_links(create);
    }
}

fn add_samples(create: &mut Operation) {
    let samples = SAMPLES.map(|(language, label, source)| {
        json!({"lang": language, "label": label, "source": source.trim_end()})
    });
    let samples = ExtensionsBuilder::new().add("x-codeSamples", samples.to_vec());
    create.extensions = Some(samples.build());
}

fn add_requests(create: &mut Operation) {
    let json = "application/json";
    if let Some(RefOr::T(body)) = &mut create.request_body
        && let Some(RefOr::T(content)) = body.content.get_mut(json)
    {
        for (name, summary, text) in EXAMPLES {
            add_example(content, name, summary, text);
        }
    }
    if let Some(RefOr::T(created)) = create.responses.responses.get_mut("201")
        && let Some(RefOr::T(content)) = created.content.get_mut(json)
    {
        let response = include_str!("../samples/minimal_response.json");
        add_example(
            content,
            "minimal",
            "The response to a minimal request",
            response,
        );
    }
}

/// Links the response to the operations on the first company and the first individual of the case.
fn add_links(create: &mut Operation) {
    let Some(RefOr::T(created)) = create.responses.responses.get_mut("201") else {
        return;
    };
    for (part, parts) in [("company", "companies"), ("individual", "individuals")] {
        for operation in ["get", "update", "delete"] {
            let id = format!("{operation}_{part}");
            let link = LinkBuilder::new()
                .operation_id(&id)
                .description(format!("The first of its {parts}"))
                .parameter("id", format!("$response.body#/{parts}/0/id"));
            created.links.insert(id, RefOr::T(link.build()));
        }
    }
}

fn add_example(content: &mut Content, name: &str, summary: &str, text: &str) {
    let value: Option<Value> = serde_json::from_str(text).ok();
    let example = ExampleBuilder::new().summary(summary).value(value).build();
    content.examples.insert(name.to_owned(), RefOr::T(example));
}
