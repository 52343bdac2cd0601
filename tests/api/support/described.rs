//! Holds every answer that any test sees against what the reference says of it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use super::Answer;

/// The document that the server serves.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let operations = dossier::app::operations().into_openapi();
    dossier::openapi::document(operations).expect("a document")
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// What a reference within the document names.
pub fn resolved(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(reference) => DOCUMENT
            .pointer(reference.trim_start_matches('#'))
            .expect("what is named"),
        None => value,
    }
}

/// The path of the document that a path of a request matches; the most literal one.
fn template(path: &str) -> Option<&'static str> {
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let path = path.trim_end_matches('/');
    let fits = |template: &str| {
        let (of_template, of_path) = (template.split('/'), path.split('/'));
        of_template.clone().count() == of_path.clone().count()
            && of_template
                .zip(of_path)
                .all(|(one, other)| one.starts_with('{') || one == other)
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let fitting = paths.keys().filter(|it| fits(it));
    fitting
        .map(String::as_str)
        .min_by_key(|it| it.matches('{').count())
}

/// Fails where the answer is not one that the reference describes.
#[track_caller]
pub fn check(method: &Method, path: &str, answer: &Answer) {
    let Some(template) = template(path) else {
        return;
    };
    let method = if *method == Method::HEAD {
        "get".to_owned()
    } else {
        method.as_str().to_lowercase()
    };
    let operation = &DOCUMENT["paths"][template][&method];
    // 405 is what every other method is answered.
    if operation.is_null() {
        return;
    }
    let place = format!("{method} {template} {}", answer.status.as_u16());
    let response = &operation["responses"][answer.status.as_str()];
    assert!(
        !response.is_null(),
        "{place} is not described: {}",
        answer.body
    );
    let response = resolved(response);
    let content = response["content"]
        .as_object()
        .and_then(|it| it.iter().next());
    let kind = answer.header("content-type").unwrap_or_default();
    let Some((described, content)) = content else {
        assert_eq!(kind, "", "{place} is described without a body");
        return;
    };
    assert_eq!(kind, described, "{place}");
    for name in response["headers"]
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
        // Not every 409 can be sent again.
        if always.contains(&name.as_str()) && !(answer.status == 409 && name == "Retry-After") {
            let is_stopping = answer.body["type"] == "/problems/stopping";
            assert!(
                is_stopping || answer.header(name).is_some(),
                "{place} is described with {name}"
            );
        }
    }
    // The answer to HEAD has no body.
    if answer.body == "" {
        return;
    }
    let validator = validator(&place, &content["schema"]);
    let faults: Vec<_> = validator
        .iter_errors(&answer.body)
        .map(|it| format!("{}: {it}", it.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{place}: {faults:#?}\n{}", answer.body);
}

fn validator(place: &str, schema: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().expect("validators");
    let made = known.entry(place.to_owned()).or_insert_with(|| {
        let whole = json!({"allOf": [schema], "components": DOCUMENT["components"]});
        Arc::new(jsonschema::draft202012::new(&whole).expect("a schema"))
    });
    Arc::clone(made)
}
