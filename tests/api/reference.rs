//! The OpenAPI document and its pages match the server. Every response of every test is checked against the
//! document as well ([`crate::support::openapi`]).

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::TestApp;
use crate::support::openapi::{DOCUMENT, resolve};

/// An operation with a request body.
struct Operation {
    method: Method,
    path: String,
    id: &'static str,
    body: &'static Value,
}

/// Returns every operation of the document.
fn operations() -> impl Iterator<Item = (&'static str, Method, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().expect("a path item");
        item.iter().map(move |(method, operation)| {
            let method = method.to_uppercase().parse().expect("a method");
            (path.as_str(), method, operation)
        })
    })
}

/// Changes of the document are reviewed. To update the snapshot:
/// `cargo run -- openapi > tests/api/snapshots/openapi.json`.
#[test]
fn document_matches_the_reviewed_snapshot() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/api/snapshots/openapi.json"
    );
    let reviewed: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("a snapshot")).expect("JSON");
    let changed = differences("", &reviewed, &DOCUMENT);
    assert!(changed.is_empty(), "{changed:#?}");
}

fn differences(path: &str, one: &Value, other: &Value) -> Vec<(String, Value, Value)> {
    match (one, other) {
        (Value::Object(before), Value::Object(after)) => {
            let names = before
                .keys()
                .chain(after.keys().filter(|it| !before.contains_key(*it)));
            names
                .flat_map(|name| differences(&format!("{path}/{name}"), &one[name], &other[name]))
                .collect()
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let both = before.iter().zip(after).enumerate();
            both.flat_map(|(at, (one, other))| differences(&format!("{path}/{at}"), one, other))
                .collect()
        }
        (one, other) if one == other => Vec::new(),
        (one, other) => vec![(path.to_owned(), one.clone(), other.clone())],
    }
}

#[tokio::test]
async fn serves_the_document_without_an_api_key() {
    let app = TestApp::start().await;
    for path in ["/openapi.json", "/v1/openapi.json"] {
        let served = app.send(app.request(Method::GET, path)).await.expect(200);
        assert_eq!(served.body, *DOCUMENT);
    }
    let ids: Vec<_> = operations()
        .map(|(_, _, it)| it["operationId"].as_str().expect("an id"))
        .collect();
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((ids.len(), distinct.len()), (58, 58), "{ids:?}");
}

#[test]
fn documents_deprecated_fields() {
    let schemas = DOCUMENT["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let fields = schemas.iter().flat_map(|(name, schema)| {
        let fields = schema["properties"].as_object().into_iter().flatten();
        let deprecated = fields.filter(|(_, shape)| shape["deprecated"] == true);
        deprecated.map(move |(field, _)| format!("{name}.{field}"))
    });
    let expected = [
        "AddressRequest.street_address2",
        "CaseCreateRequest.template_id",
        "CaseOfBatchRequest.template_id",
        "CaseUpdateRequest.template_id",
    ];
    assert_eq!(fields.collect::<Vec<_>>(), expected);
}

#[test]
fn every_operation_parameter_and_field_has_a_description_and_example() {
    let mut undocumented = Vec::new();
    for (path, method, operation) in operations() {
        let name = format!("{method} {path}");
        let is_described = |it: &Value| it.as_str().is_some_and(|text| !text.is_empty());
        if !is_described(&operation["summary"]) {
            undocumented.push(name.clone());
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if !is_described(&parameter["description"]) {
                undocumented.push(format!("{name} {}", parameter["name"]));
            }
        }
        if let Some(content) = operation.pointer("/requestBody/content/application~1json")
            && content["example"].is_null()
            && content["examples"].is_null()
        {
            undocumented.push(format!("{name} has no example"));
        }
    }
    for (name, schema) in DOCUMENT["components"]["schemas"]
        .as_object()
        .expect("schemas")
    {
        for (field, shape) in schema["properties"].as_object().into_iter().flatten() {
            if shape["description"].as_str().is_none_or(str::is_empty) {
                undocumented.push(format!("{name}.{field}"));
            }
            let with_example = ["examples", "enum", "default", "$ref", "items"];
            let value_schema = if shape["anyOf"].is_null() {
                shape
            } else {
                &shape["anyOf"][0]
            };
            let has_example = with_example.iter().any(|it| !value_schema[*it].is_null())
                || value_schema["additionalProperties"].is_object()
                || is_of(shape, "boolean");
            if name.ends_with("Request") && !has_example {
                undocumented.push(format!("{name}.{field} has no example"));
            }
        }
    }
    assert!(undocumented.is_empty(), "{undocumented:#?}");
}

/// A server with the entities that the document's paths and bodies refer to.
struct Fixture {
    app: TestApp,
    case: String,
    ids: Map<String, Value>,
}

impl Fixture {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let kyb = DOCUMENT
            .pointer("/paths/~1cases/post/requestBody/content/application~1json/examples/kyb/value")
            .expect("an example");
        let mut fixture = Self {
            app,
            case: String::new(),
            ids: Map::new(),
        };
        let case = fixture.app.create(kyb).await;
        fixture.case = case.id();
        let (companies, individuals) = (&case.body["companies"], &case.body["individuals"]);
        fixture
            .ids
            .insert("/companies".to_owned(), companies[1]["id"].clone());
        fixture
            .ids
            .insert("/individuals".to_owned(), individuals[0]["id"].clone());
        fixture.ids.insert(
            "/cases/{case}/relations".to_owned(),
            individuals[0]["relations"][0]["id"].clone(),
        );
        for path in ["/tags", "/templates", "/users"] {
            let listed = fixture.app.get(path).await.expect(200);
            fixture
                .ids
                .insert(path.to_owned(), listed.body["data"][0]["id"].clone());
        }
        let hook = json!({"url": "http://127.0.0.1:9/", "events": ["Case.Deleted"]});
        let hook = fixture
            .app
            .call(Method::POST, "/webhooks", &hook)
            .await
            .expect(201);
        fixture.ids.insert("/webhooks".to_owned(), hook.id().into());
        let individual = json!({"case_id": fixture.case, "first_name": "Ada", "last_name": "L"});
        let individual = fixture
            .app
            .call(Method::POST, "/individuals", &individual)
            .await;
        let id = individual.expect(201).id();
        fixture.ids.insert("new individual".to_owned(), id.into());
        fixture
    }

    /// Fills the parameters of a path with existing ids.
    fn path(&self, template: &str) -> String {
        let collection = template.split("/{id}").next().unwrap_or(template);
        let id = self
            .ids
            .get(collection)
            .and_then(Value::as_str)
            .unwrap_or_default();
        let path = template.replace("{case}", &self.case).replace("{id}", id);
        path.replace("{target}", "case")
            .replace("{key}", "risk_score")
    }

    /// Replaces the ids in an example by existing ones.
    fn with_existing_ids(&self, example: &Value) -> Value {
        let mut body = example.clone();
        if let Some(body) = body.as_object_mut() {
            for (field, value) in body {
                match field.as_str() {
                    "case_id" => *value = self.case.clone().into(),
                    "from_individual_id" => *value = self.ids["new individual"].clone(),
                    _ => {}
                }
            }
        }
        body
    }

    /// Sends a body. Returns the pointer and code of each error, or nothing if it is accepted.
    async fn errors(&self, operation: &Operation, body: &Value) -> Vec<(String, String)> {
        let path = self.path(&operation.path);
        let path = if operation.id.starts_with("create_case") {
            format!("{path}?dry_run=true")
        } else {
            path
        };
        let response = self.app.call(operation.method.clone(), &path, body).await;
        let status = response.status.as_u16();
        assert!(
            matches!(status, 200..=299 | 400 | 409),
            "{} {status} {}",
            operation.id,
            response.body
        );
        // Pointers in batch results are relative to the item.
        let results = response.body["results"].as_array().into_iter().flatten();
        let results = results.enumerate();
        let results = results.map(|(index, it)| (format!("/cases/{index}"), it));
        let problems = std::iter::once((String::new(), &response.body)).chain(results);
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let errors = problems.flat_map(|(prefix, problems)| {
            let errors = problems["errors"].as_array().into_iter().flatten();
            let errors = errors.map(move |it| {
                let pointer = format!("{prefix}{}", text(&it["pointer"]));
                (pointer, text(&it["code"]))
            });
            errors.collect::<Vec<_>>()
        });
        errors.collect()
    }
}

fn with_bodies() -> impl Iterator<Item = Operation> {
    operations().filter_map(|(path, method, operation)| {
        let body = operation.pointer("/requestBody/content/application~1json")?;
        Some(Operation {
            method,
            path: path.to_owned(),
            id: operation["operationId"].as_str()?,
            body,
        })
    })
}

/// The sandbox accepts every example.
#[tokio::test]
async fn sandbox_accepts_every_documented_example() {
    let fixture = Fixture::start().await;
    for operation in with_bodies() {
        let single = [("example", &operation.body["example"])];
        let several = operation.body["examples"].as_object();
        let several = several
            .into_iter()
            .flatten()
            .map(|(name, it)| (name.as_str(), &it["value"]));
        let single = single.into_iter().filter(|(_, it)| !it.is_null());
        for (name, example) in single.chain(several) {
            let path = fixture.path(&operation.path);
            let response = fixture
                .app
                .call(
                    operation.method.clone(),
                    &path,
                    &fixture.with_existing_ids(example),
                )
                .await;
            assert!(
                response.status.is_success(),
                "{} {name}: {}",
                operation.id,
                response.body
            );
        }
    }
}

/// Returns the links of a page.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let after = page.split("href=\"").skip(1);
    after.filter_map(|it| it.split('"').next())
}

#[tokio::test]
async fn pages_have_no_broken_links() {
    let app = TestApp::start().await;
    let mut pending = vec!["/".to_owned()];
    let mut pages = HashMap::new();
    while let Some(path) = pending.pop() {
        if pages.contains_key(&path) {
            continue;
        }
        let page = app
            .send(app.request(Method::GET, &path))
            .await
            .expect(200)
            .body;
        let page = page.as_str().unwrap_or_default().to_owned();
        let local = links(&page).filter(|it| it.starts_with('/'));
        let local = local.filter_map(|it| it.split('#').next());
        pending.extend(local.map(str::to_owned).collect::<Vec<_>>());
        pages.insert(path, page);
    }
    assert!(pages.len() > 40, "{:?}", pages.keys());
    let mut broken = Vec::new();
    for (path, page) in &pages {
        for link in links(page).filter(|it| !it.contains("://")) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() {
                path.as_str()
            } else {
                target
            };
            let target = pages.get(target);
            let has_anchor = anchor.is_empty()
                || target.is_some_and(|it| it.contains(&format!("id=\"{anchor}\"")));
            if target.is_none() || !has_anchor {
                broken.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Example responses in the document match their schemas.
#[test]
fn documented_example_responses_match_their_schemas() {
    let refusals = DOCUMENT["components"]["responses"]
        .as_object()
        .expect("responses");
    let of_operations = operations()
        .flat_map(|(_, _, it)| it["responses"].as_object().expect("responses").values());
    let contents = refusals
        .values()
        .chain(of_operations)
        .filter_map(|it| it["content"].as_object());
    let mut count = 0;
    for content in contents.flat_map(Map::values) {
        for (name, example) in content["examples"].as_object().into_iter().flatten() {
            let value_schema =
                json!({"allOf": [content["schema"]], "components": DOCUMENT["components"]});
            let validator = jsonschema::draft202012::new(&value_schema).expect("a schema");
            assert!(
                validator.is_valid(&example["value"]),
                "{name}: {}",
                example["value"]
            );
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// Returns the schema of a field without references and alternatives.
fn shape(schema: &Value) -> &Value {
    let schema = resolve(schema);
    match schema["anyOf"].as_array() {
        Some(choices) => shape(&choices[0]),
        None => schema,
    }
}

fn is_of(schema: &Value, kind: &str) -> bool {
    let shape = shape(schema);
    shape["type"] == kind
        || shape["type"]
            .as_array()
            .is_some_and(|it| it.iter().any(|it| it == kind))
}

/// Returns a value with every field of a schema. Each check changes one of its fields.
fn example_of(schema: &Value) -> Value {
    let shape = shape(schema);
    if is_of(schema, "object") {
        let fields = shape["properties"].as_object().into_iter().flatten();
        return fields
            .map(|(name, schema)| (name.clone(), example_of(schema)))
            .collect::<Map<_, _>>()
            .into();
    }
    let example = &shape["examples"][0];
    match () {
        () if is_of(schema, "array") => json!([example_of(&shape["items"])]),
        () if !example.is_null() => example.clone(),
        () if !shape["enum"].is_null() => shape["enum"][0].clone(),
        () if is_of(schema, "string") => match shape["format"].as_str() {
            Some("uuid") => json!("0198a000-0000-4000-8000-000000000301"),
            Some("date-time") => json!("2024-02-29T12:30:00Z"),
            _ => json!("x".repeat(
                usize::try_from(shape["minLength"].as_u64().unwrap_or(1)).expect("a length")
            )),
        },
        () if is_of(schema, "boolean") => json!(false),
        () => shape["minimum"].clone(),
    }
}

/// A value at one pointer, and whether the schema accepts it.
struct Claim {
    pointer: String,
    /// `None`: the field is omitted.
    value: Option<Value>,
    /// The error codes of which the server must return one at the pointer, or none.
    codes: &'static [&'static str],
    is_rejected: bool,
}

const ANY: &[&str] = &[
    "format",
    "length",
    "choice",
    "country",
    "character",
    "blank",
    "checksum",
    "forbidden_destination",
];

/// Collects a value on each side of every limit in a schema.
fn claims(pointer: &str, schema: &Value, claims: &mut Vec<Claim>) {
    let shape = shape(schema);
    let mut claim = |value: Value, codes, is_rejected| {
        claims.push(Claim {
            pointer: pointer.to_owned(),
            value: Some(value),
            codes,
            is_rejected,
        });
    };
    let number = |name: &str| shape[name].as_u64().and_then(|it| usize::try_from(it).ok());
    let is_nullable = schema["anyOf"]
        .as_array()
        .is_some_and(|it| it.iter().any(|it| it["type"] == "null"))
        || shape["type"]
            .as_array()
            .is_some_and(|it| it.iter().any(|it| it == "null"));
    if !pointer.is_empty() {
        claim(Value::Null, &["required", "type"], !is_nullable);
        claim(
            if is_of(schema, "string") {
                json!(1)
            } else {
                json!("x")
            },
            &["type"],
            true,
        );
    }
    if is_of(schema, "string") {
        let has_format =
            !shape["pattern"].is_null() || !shape["format"].is_null() || !shape["enum"].is_null();
        if let Some(max) = number("maxLength") {
            claim(
                json!("x".repeat(max + 1)),
                if has_format { ANY } else { &["length"] },
                true,
            );
            let is_free = !has_format
                || shape["pattern"]
                    .as_str()
                    .is_some_and(|it| it.ends_with("\\S"));
            if is_free && pointer != "/secret" {
                claim(json!("é".repeat(max)), ANY, false);
            }
        }
        match number("minLength") {
            Some(_) => claim(json!(""), ANY, true),
            None if !has_format => claim(json!(""), ANY, false),
            None => {}
        }
        if has_format
            && shape["pattern"] != "\\S"
            && shape["pattern"] != "^$|\\S"
            && shape["format"] != "iban"
        {
            claim(json!("§/"), ANY, true);
        }
        for word in shape["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|it| !it.is_null())
        {
            claim(word.clone(), &["choice"], false);
        }
    }
    for (name, step, codes) in [
        ("minimum", -1.0, &["range"][..]),
        ("maximum", 1.0, &["range"]),
    ] {
        if let Some(bound) = shape[name].as_f64() {
            // The maximum of a property cannot be below its minimum.
            let is_independent = !pointer.ends_with("/max") || name == "maximum";
            if is_independent {
                claim(json!(bound), codes, false);
            }
            // Above 2^53, adding one has no effect.
            claim(
                json!(if bound.abs() > 1e15 {
                    bound * 1.001
                } else {
                    bound + step
                }),
                codes,
                true,
            );
        }
    }
    if let Some(max) = number("maxItems") {
        claim(vec![json!(1); max].into(), &["too_many"], false);
        claim(vec![json!(1); max + 1].into(), &["too_many"], true);
    }
    if let Some(max) = number("maxProperties") {
        let fields = |count| {
            (0..count)
                .map(|it| (format!("k{it}"), json!("x")))
                .collect::<Map<_, _>>()
        };
        claim(fields(max).into(), &["too_many"], false);
        claim(fields(max + 1).into(), &["too_many"], true);
    }
    claims_inside(pointer, schema, claims);
}

fn claims_inside(pointer: &str, schema: &Value, found: &mut Vec<Claim>) {
    let shape = shape(schema);
    let required = shape["required"].as_array().cloned().unwrap_or_default();
    for (name, field) in shape["properties"].as_object().into_iter().flatten() {
        let pointer = format!("{pointer}/{name}");
        let codes = &["required"];
        let is_rejected = required.iter().any(|it| it == name);
        found.push(Claim {
            pointer: pointer.clone(),
            value: None,
            codes,
            is_rejected,
        });
        claims(&pointer, field, found);
    }
    if shape["additionalProperties"] == false {
        let (pointer, codes) = (format!("{pointer}/nonsense"), &["unknown_field"]);
        found.push(Claim {
            pointer,
            value: Some(json!(1)),
            codes,
            is_rejected: true,
        });
    }
    if !shape["items"].is_null() && is_of(schema, "array") {
        claims(&format!("{pointer}/0"), &shape["items"], found);
    }
}

impl Claim {
    /// Returns the body with the value at the pointer.
    fn body(&self, filled: &Value) -> Value {
        let mut body = filled.clone();
        let (parent, name) = self.pointer.rsplit_once('/').expect("a field");
        match body.pointer_mut(parent).expect("the parent") {
            Value::Object(fields) => match &self.value {
                Some(value) => drop(fields.insert(name.to_owned(), value.clone())),
                None => drop(fields.shift_remove(name)),
            },
            Value::Array(items) => items[0] = self.value.clone().unwrap_or_default(),
            other => panic!("{parent} is {other}"),
        }
        body
    }
}

/// Checks every limit, enum value, type and requirement in the document against the server: it accepts the
/// value at the limit and rejects the one beyond it.
#[tokio::test]
async fn server_enforces_every_documented_limit() {
    let fixture = Fixture::start().await;
    let (mut checked, mut failures) = (0, Vec::new());
    for operation in with_bodies() {
        let example = fixture.with_existing_ids(&example_of(&operation.body["schema"]));
        let mut all = Vec::new();
        claims("", &operation.body["schema"], &mut all);
        for claim in all {
            let errors = fixture.errors(&operation, &claim.body(&example)).await;
            let codes: Vec<_> = errors
                .iter()
                .filter(|(at, _)| *at == claim.pointer)
                .map(|(_, code)| code)
                .collect();
            let is_rejected = codes
                .iter()
                .any(|code| claim.codes.contains(&code.as_str()));
            checked += 1;
            if is_rejected != claim.is_rejected {
                let value = claim
                    .value
                    .map(|it| it.to_string().chars().take(60).collect::<String>());
                failures.push(format!(
                    "{} {} {value:?}: {codes:?}, expected to be rejected: {}",
                    operation.id, claim.pointer, claim.is_rejected
                ));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {checked}: {failures:#?}",
        failures.len()
    );
    assert!(checked > 1_000, "{checked}");
}
