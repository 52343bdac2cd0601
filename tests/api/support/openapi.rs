//! Checks every response that any test receives against the OpenAPI document.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use super::TestResponse;

/// The OpenAPI document that the server serves.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let operations = dossier::app::operations().into_openapi();
    dossier::openapi::document(operations).expect("a document")
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Follows a `$ref` within the document.
pub fn resolve(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(reference) => DOCUMENT
            .pointer(reference.trim_start_matches('#'))
            .expect("the target of the reference"),
        None => value,
    }
}

/// Finds the path template of the document that matches a request path; of several, the one with the fewest
/// parameters.
fn template(path: &str) -> Option<&'static str> {
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let path = path.trim_end_matches('/');
    let matches = |template: &str| {
        let (of_template, of_path) = (template.split('/'), path.split('/'));
        of_template.clone().count() == of_path.clone().count()
            && of_template
                .zip(of_path)
                .all(|(one, other)| one.starts_with('{') || one == other)
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let matching = paths.keys().filter(|it| matches(it));
    matching
        .map(String::as_str)
        .min_by_key(|it| it.matches('{').count())
}

/// Fails if the document does not describe the response.
#[track_caller]
pub fn check(method: &Method, path: &str, response: &TestResponse) {
    let Some(template) = template(path) else {
        return;
    };
    let method = if *method == Method::HEAD {
        "get".to_owned()
    } else {
        method.as_str().to_lowercase()
    };
    let operation = &DOCUMENT["paths"][template][&method];
    // Other methods respond with 405, which is not described.
    if operation.is_null() {
        return;
    }
    let operation_name = format!("{method} {template} {}", response.status.as_u16());
    let documented = &operation["responses"][response.status.as_str()];
    assert!(
        !documented.is_null(),
        "{operation_name}: the response is not documented: {}",
        response.body
    );
    let documented = resolve(documented);
    let content = documented["content"]
        .as_object()
        .and_then(|it| it.iter().next());
    let kind = response.header("content-type").unwrap_or_default();
    let Some((media_type, content)) = content else {
        assert_eq!(kind, "", "{operation_name}: no body is documented");
        return;
    };
    assert_eq!(kind, media_type, "{operation_name}");
    for name in documented["headers"]
        .as_object()
        .into_iter()
        .flat_map(|it| it.keys())
    {
        let always = [
            "ETag",
            "Location",
            "X-Request-Id",
            "Retry-After",
            "WWW-Authenticate",
        ];
        // Only some 409 responses can be retried.
        if always.contains(&name.as_str()) && !(response.status == 409 && name == "Retry-After") {
            let is_stopping = response.body["type"] == "/problems/stopping";
            assert!(
                is_stopping || response.header(name).is_some(),
                "{operation_name}: the header {name} is missing"
            );
        }
    }
    // The response to HEAD has no body.
    if response.body == "" {
        return;
    }
    let validator = validator(&operation_name, &content["schema"]);
    let errors: Vec<_> = validator
        .iter_errors(&response.body)
        .map(|it| format!("{}: {it}", it.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{operation_name}: {errors:#?}\n{}",
        response.body
    );
}

fn validator(operation_name: &str, schema: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().expect("validators");
    let validator = known.entry(operation_name.to_owned()).or_insert_with(|| {
        let schema_with_components =
            json!({"allOf": [schema], "components": DOCUMENT["components"]});
        Arc::new(jsonschema::draft202012::new(&schema_with_components).expect("a schema"))
    });
    Arc::clone(validator)
}
