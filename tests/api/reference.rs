//! The reference: what it says is what the server does. That answers are as they are described is
//! checked with every answer of every test (`support::openapi`).

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::TestApp;
use crate::support::openapi::{DOCUMENT, resolve};

/// One operation with a body.
struct Described {
    method: Method,
    path: String,
    id: &'static str,
    body: &'static Value,
}

/// Every operation of the document.
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

/// The document changes in review, and never by accident. To take it anew:
/// `cargo run -- openapi > tests/api/snapshots/openapi.json`.
#[test]
fn the_document_is_the_one_that_was_reviewed() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/api/snapshots/openapi.json"
    );
    let reviewed: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("a snapshot")).expect("JSON");
    let changed = differences("", &reviewed, &DOCUMENT);
    assert!(changed.is_empty(), "{changed:#?}");
}

fn differences(place: &str, one: &Value, other: &Value) -> Vec<(String, Value, Value)> {
    match (one, other) {
        (Value::Object(before), Value::Object(after)) => {
            let names = before
                .keys()
                .chain(after.keys().filter(|it| !before.contains_key(*it)));
            names
                .flat_map(|name| differences(&format!("{place}/{name}"), &one[name], &other[name]))
                .collect()
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let both = before.iter().zip(after).enumerate();
            both.flat_map(|(at, (one, other))| differences(&format!("{place}/{at}"), one, other))
                .collect()
        }
        (one, other) if one == other => Vec::new(),
        (one, other) => vec![(place.to_owned(), one.clone(), other.clone())],
    }
}

#[tokio::test]
async fn the_document_is_served_without_a_key() {
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
fn what_clients_should_no_longer_send_is_deprecated() {
    let schemas = DOCUMENT["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let members = schemas.iter().flat_map(|(name, schema)| {
        let members = schema["properties"].as_object().into_iter().flatten();
        let deprecated = members.filter(|(_, shape)| shape["deprecated"] == true);
        deprecated.map(move |(member, _)| format!("{name}.{member}"))
    });
    let expected = [
        "AddressRequest.street_address2",
        "CaseCreateRequest.template_id",
        "CaseOfBatchRequest.template_id",
        "CaseUpdateRequest.template_id",
    ];
    assert_eq!(members.collect::<Vec<_>>(), expected);
}

#[test]
fn everything_says_what_it_is() {
    let mut silent = Vec::new();
    for (path, method, operation) in operations() {
        let place = format!("{method} {path}");
        let is_told = |it: &Value| it.as_str().is_some_and(|text| !text.is_empty());
        if !is_told(&operation["summary"]) {
            silent.push(place.clone());
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if !is_told(&parameter["description"]) {
                silent.push(format!("{place} {}", parameter["name"]));
            }
        }
        if let Some(content) = operation.pointer("/requestBody/content/application~1json")
            && content["example"].is_null()
            && content["examples"].is_null()
        {
            silent.push(format!("{place} has no example"));
        }
    }
    for (name, schema) in DOCUMENT["components"]["schemas"]
        .as_object()
        .expect("schemas")
    {
        for (member, shape) in schema["properties"].as_object().into_iter().flatten() {
            if shape["description"].as_str().is_none_or(str::is_empty) {
                silent.push(format!("{name}.{member}"));
            }
            let is_shown = ["examples", "enum", "default", "$ref", "items"];
            let whole = if shape["anyOf"].is_null() {
                shape
            } else {
                &shape["anyOf"][0]
            };
            let is_shown = is_shown.iter().any(|it| !whole[*it].is_null())
                || whole["additionalProperties"].is_object()
                || is_of(shape, "boolean");
            if name.ends_with("Request") && !is_shown {
                silent.push(format!("{name}.{member} has no example"));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

/// What the paths and bodies of the document can name.
struct World {
    app: TestApp,
    case: String,
    ids: Map<String, Value>,
}

impl World {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let kyb = DOCUMENT
            .pointer("/paths/~1cases/post/requestBody/content/application~1json/examples/kyb/value")
            .expect("an example");
        let mut world = Self {
            app,
            case: String::new(),
            ids: Map::new(),
        };
        let case = world.app.create(kyb).await;
        world.case = case.id();
        let (companies, individuals) = (&case.body["companies"], &case.body["individuals"]);
        world
            .ids
            .insert("/companies".to_owned(), companies[1]["id"].clone());
        world
            .ids
            .insert("/individuals".to_owned(), individuals[0]["id"].clone());
        world.ids.insert(
            "/cases/{case}/relations".to_owned(),
            individuals[0]["relations"][0]["id"].clone(),
        );
        for path in ["/tags", "/templates", "/users"] {
            let listed = world.app.get(path).await.expect(200);
            world
                .ids
                .insert(path.to_owned(), listed.body["data"][0]["id"].clone());
        }
        let hook = json!({"url": "http://127.0.0.1:9/", "events": ["Case.Deleted"]});
        let hook = world
            .app
            .call(Method::POST, "/webhooks", &hook)
            .await
            .expect(201);
        world.ids.insert("/webhooks".to_owned(), hook.id().into());
        let individual = json!({"case_id": world.case, "first_name": "Ada", "last_name": "L"});
        let individual = world
            .app
            .call(Method::POST, "/individuals", &individual)
            .await;
        let id = individual.expect(201).id();
        world.ids.insert("new individual".to_owned(), id.into());
        world
    }

    /// A path whose parameters name what is there.
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

    /// The same example, of what is there.
    fn real(&self, example: &Value) -> Value {
        let mut real = example.clone();
        if let Some(body) = real.as_object_mut() {
            for (member, value) in body {
                match member.as_str() {
                    "case_id" => *value = self.case.clone().into(),
                    "from_individual_id" => *value = self.ids["new individual"].clone(),
                    _ => {}
                }
            }
        }
        real
    }

    /// Pointer and code of each error of a body; none where it is taken.
    async fn errors(&self, to: &Described, body: &Value) -> Vec<(String, String)> {
        let path = self.path(&to.path);
        let path = if to.id.starts_with("create_case") {
            format!("{path}?dry_run=true")
        } else {
            path
        };
        let response = self.app.call(to.method.clone(), &path, body).await;
        let status = response.status.as_u16();
        assert!(
            matches!(status, 200..=299 | 400 | 409),
            "{} {status} {}",
            to.id,
            response.body
        );
        // Of an item of a batch the pointer begins at the item.
        let results = response.body["results"].as_array().into_iter().flatten();
        let results = results.enumerate();
        let results = results.map(|(index, it)| (format!("/cases/{index}"), it));
        let refused = std::iter::once((String::new(), &response.body)).chain(results);
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let errors = refused.flat_map(|(place, refused)| {
            let errors = refused["errors"].as_array().into_iter().flatten();
            let errors = errors.map(move |it| {
                let pointer = format!("{place}{}", text(&it["pointer"]));
                (pointer, text(&it["code"]))
            });
            errors.collect::<Vec<_>>()
        });
        errors.collect()
    }
}

fn with_bodies() -> impl Iterator<Item = Described> {
    operations().filter_map(|(path, method, operation)| {
        let body = operation.pointer("/requestBody/content/application~1json")?;
        Some(Described {
            method,
            path: path.to_owned(),
            id: operation["operationId"].as_str()?,
            body,
        })
    })
}

/// Each example is taken by a server with the sandbox.
#[tokio::test]
async fn every_example_works_in_the_sandbox() {
    let world = World::start().await;
    for to in with_bodies() {
        let one = [("example", &to.body["example"])];
        let named = to.body["examples"].as_object();
        let named = named
            .into_iter()
            .flatten()
            .map(|(name, it)| (name.as_str(), &it["value"]));
        let one = one.into_iter().filter(|(_, it)| !it.is_null());
        for (name, example) in one.chain(named) {
            let path = world.path(&to.path);
            let response = world
                .app
                .call(to.method.clone(), &path, &world.real(example))
                .await;
            assert!(
                response.status.is_success(),
                "{} {name}: {}",
                to.id,
                response.body
            );
        }
    }
}

/// The links of a page.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let after = page.split("href=\"").skip(1);
    after.filter_map(|it| it.split('"').next())
}

#[tokio::test]
async fn every_link_of_every_page_leads_somewhere() {
    let app = TestApp::start().await;
    let mut waiting = vec!["/".to_owned()];
    let mut pages = HashMap::new();
    while let Some(path) = waiting.pop() {
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
        waiting.extend(local.map(str::to_owned).collect::<Vec<_>>());
        pages.insert(path, page);
    }
    assert!(pages.len() > 40, "{:?}", pages.keys());
    let mut lost = Vec::new();
    for (path, page) in &pages {
        for link in links(page).filter(|it| !it.contains("://")) {
            let (to, place) = link.split_once('#').unwrap_or((link, ""));
            let to = if to.is_empty() { path.as_str() } else { to };
            let target = pages.get(to);
            let has = place.is_empty()
                || target.is_some_and(|it| it.contains(&format!("id=\"{place}\"")));
            if target.is_none() || !has {
                lost.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

/// The answers that the document shows are answers of this server.
#[test]
fn every_shown_answer_is_as_it_is_described() {
    let refusals = DOCUMENT["components"]["responses"]
        .as_object()
        .expect("responses");
    let of_operations = operations()
        .flat_map(|(_, _, it)| it["responses"].as_object().expect("responses").values());
    let contents = refusals
        .values()
        .chain(of_operations)
        .filter_map(|it| it["content"].as_object());
    let mut seen = 0;
    for content in contents.flat_map(Map::values) {
        for (name, example) in content["examples"].as_object().into_iter().flatten() {
            let whole = json!({"allOf": [content["schema"]], "components": DOCUMENT["components"]});
            let validator = jsonschema::draft202012::new(&whole).expect("a schema");
            assert!(
                validator.is_valid(&example["value"]),
                "{name}: {}",
                example["value"]
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

/// What a member may be, without references and choices.
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

/// A value with everything that a schema has: each check changes one place of it.
fn filled(schema: &Value) -> Value {
    let shape = shape(schema);
    if is_of(schema, "object") {
        let members = shape["properties"].as_object().into_iter().flatten();
        return members
            .map(|(name, schema)| (name.clone(), filled(schema)))
            .collect::<Map<_, _>>()
            .into();
    }
    let example = &shape["examples"][0];
    match () {
        () if is_of(schema, "array") => json!([filled(&shape["items"])]),
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

/// One value at one place, and what the schema says of it.
struct Claim {
    pointer: String,
    /// None: the member is left out.
    value: Option<Value>,
    /// The codes of which one must stand at the place, or none of which may.
    codes: &'static [&'static str],
    is_refused: bool,
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

/// Everything that the schema at a pointer says, each as one value that it takes or refuses.
fn claims(pointer: &str, schema: &Value, claims: &mut Vec<Claim>) {
    let shape = shape(schema);
    let mut claim = |value: Value, codes, is_refused| {
        claims.push(Claim {
            pointer: pointer.to_owned(),
            value: Some(value),
            codes,
            is_refused,
        });
    };
    let number = |name: &str| shape[name].as_u64().and_then(|it| usize::try_from(it).ok());
    let null_is_taken = schema["anyOf"]
        .as_array()
        .is_some_and(|it| it.iter().any(|it| it["type"] == "null"))
        || shape["type"]
            .as_array()
            .is_some_and(|it| it.iter().any(|it| it == "null"));
    if !pointer.is_empty() {
        claim(Value::Null, &["required", "type"], !null_is_taken);
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
        let is_formed =
            !shape["pattern"].is_null() || !shape["format"].is_null() || !shape["enum"].is_null();
        if let Some(max) = number("maxLength") {
            claim(
                json!("x".repeat(max + 1)),
                if is_formed { ANY } else { &["length"] },
                true,
            );
            let is_free = !is_formed
                || shape["pattern"]
                    .as_str()
                    .is_some_and(|it| it.ends_with("\\S"));
            if is_free && pointer != "/secret" {
                claim(json!("é".repeat(max)), ANY, false);
            }
        }
        match number("minLength") {
            Some(_) => claim(json!(""), ANY, true),
            None if !is_formed => claim(json!(""), ANY, false),
            None => {}
        }
        if is_formed
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
            // The greatest value of a property is not below its least.
            let is_alone = !pointer.ends_with("/max") || name == "maximum";
            if is_alone {
                claim(json!(bound), codes, false);
            }
            // Beyond 2^53 a step of one is lost.
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
        let members = |count| {
            (0..count)
                .map(|it| (format!("k{it}"), json!("x")))
                .collect::<Map<_, _>>()
        };
        claim(members(max).into(), &["too_many"], false);
        claim(members(max + 1).into(), &["too_many"], true);
    }
    claims_inside(pointer, schema, claims);
}

fn claims_inside(pointer: &str, schema: &Value, found: &mut Vec<Claim>) {
    let shape = shape(schema);
    let required = shape["required"].as_array().cloned().unwrap_or_default();
    for (name, member) in shape["properties"].as_object().into_iter().flatten() {
        let pointer = format!("{pointer}/{name}");
        let codes = &["required"];
        let is_refused = required.iter().any(|it| it == name);
        found.push(Claim {
            pointer: pointer.clone(),
            value: None,
            codes,
            is_refused,
        });
        claims(&pointer, member, found);
    }
    if shape["additionalProperties"] == false {
        let (pointer, codes) = (format!("{pointer}/nonsense"), &["unknown_field"]);
        found.push(Claim {
            pointer,
            value: Some(json!(1)),
            codes,
            is_refused: true,
        });
    }
    if !shape["items"].is_null() && is_of(schema, "array") {
        claims(&format!("{pointer}/0"), &shape["items"], found);
    }
}

impl Claim {
    /// The body with the value at its place.
    fn body(&self, filled: &Value) -> Value {
        let mut body = filled.clone();
        let (parent, name) = self.pointer.rsplit_once('/').expect("a member");
        match body.pointer_mut(parent).expect("a place") {
            Value::Object(members) => match &self.value {
                Some(value) => drop(members.insert(name.to_owned(), value.clone())),
                None => drop(members.shift_remove(name)),
            },
            Value::Array(items) => items[0] = self.value.clone().unwrap_or_default(),
            other => panic!("{parent} is {other}"),
        }
        body
    }
}

/// Each limit, word, bound, type and requirement that the document states is held against the server:
/// the value at the edge is taken there, and the one beyond is refused there.
#[tokio::test]
async fn every_limit_is_the_one_that_is_enforced() {
    let world = World::start().await;
    let (mut held, mut wrong) = (0, Vec::new());
    for to in with_bodies() {
        let filled = world.real(&filled(&to.body["schema"]));
        let mut all = Vec::new();
        claims("", &to.body["schema"], &mut all);
        for claim in all {
            let errors = world.errors(&to, &claim.body(&filled)).await;
            let here: Vec<_> = errors
                .iter()
                .filter(|(at, _)| *at == claim.pointer)
                .map(|(_, code)| code)
                .collect();
            let is_refused = here.iter().any(|code| claim.codes.contains(&code.as_str()));
            held += 1;
            if is_refused != claim.is_refused {
                let value = claim
                    .value
                    .map(|it| it.to_string().chars().take(60).collect::<String>());
                wrong.push(format!(
                    "{} {} {value:?}: {here:?}, to be refused: {}",
                    to.id, claim.pointer, claim.is_refused
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {held}: {wrong:#?}", wrong.len());
    assert!(held > 1_000, "{held}");
}
