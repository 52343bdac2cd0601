//! Calls every path with an id from another workspace.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::openapi::DOCUMENT;
use crate::support::{TestApp, statements};

const OTHER: &str = "dossier_other_0123456789abcdef";

/// Creates one object of each kind in the sandbox.
async fn create_objects(app: &TestApp) -> Ids {
    let webhook = app
        .subscribe("http://127.0.0.1:9/", &["Case.Created"])
        .await;
    let case = app
        .create(&json!({"name": "A", "external_id": "one", "tags": ["VIP"],
            "companies": [{"name": "B"}], "individuals": [{"first_name": "C", "last_name": "D",
            "roles": ["shareholder"]}]}))
        .await;
    let logs = app.get("/webhook-logs").await.expect(200);
    Ids {
        case: case.body,
        webhook: webhook.id(),
        log: logs.body["data"][0]["id"]
            .as_str()
            .expect("an id")
            .to_owned(),
    }
}

/// The created objects.
struct Ids {
    case: Value,
    webhook: String,
    log: String,
}

/// Every method and path with an id, with a valid body.
fn calls(ids: &Ids) -> Vec<(Method, String, Value)> {
    let case = &ids.case;
    let string = |value: &Value| value.as_str().expect("an id").to_owned();
    let id = string(&case["id"]);
    let company = string(&case["companies"][0]["id"]);
    let individual = string(&case["individuals"][0]["id"]);
    let relation = string(&case["individuals"][0]["relations"][0]["id"]);
    let relations = format!("/cases/{id}/relations");
    let tag = "/tags/0198a000-0000-4000-8000-000000000203".to_owned();
    let template = "/templates/0198a000-0000-4000-8000-000000000101".to_owned();
    let user = "/users/0198a000-0000-4000-8000-000000000301".to_owned();
    let property = "/custom-properties/case/note".to_owned();
    let (none, relevant) = (json!({}), json!({"is_relevant": true}));
    let mut calls = vec![
        (
            Method::POST,
            format!("/cases/{id}/reviews"),
            json!({"status": "closed"}),
        ),
        (Method::GET, format!("/cases/{id}/tags"), none.clone()),
        (
            Method::POST,
            format!("/cases/{id}/tags"),
            json!({"tags": []}),
        ),
        (
            Method::DELETE,
            format!("/cases/{id}/tags"),
            json!({"tags": []}),
        ),
        (
            Method::POST,
            relations.clone(),
            json!({"from_company_id": company}),
        ),
        (
            Method::PATCH,
            format!("{relations}/{relation}"),
            none.clone(),
        ),
        (
            Method::DELETE,
            format!("{relations}/{relation}"),
            none.clone(),
        ),
        (
            Method::POST,
            format!("/companies/{company}/set-relevant"),
            relevant.clone(),
        ),
        (
            Method::POST,
            format!("/individuals/{individual}/set-relevant"),
            relevant,
        ),
        (
            Method::POST,
            "/companies".to_owned(),
            json!({"case_id": id, "name": "E"}),
        ),
        (
            Method::POST,
            "/individuals".to_owned(),
            json!({"case_id": id, "first_name": "E", "last_name": "F"}),
        ),
    ];
    for path in [
        format!("/cases/{id}"),
        "/cases/one".to_owned(),
        format!("/companies/{company}"),
        format!("/individuals/{individual}"),
    ] {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            calls.push((method, path.clone(), none.clone()));
        }
    }
    for path in [template, user, property] {
        calls.push((Method::GET, path.clone(), none.clone()));
        calls.push((Method::PATCH, path, none.clone()));
    }
    calls.push((Method::GET, tag.clone(), none.clone()));
    calls.push((Method::PATCH, tag.clone(), json!({"label": "Mine"})));
    calls.push((Method::DELETE, tag, none.clone()));
    let (webhook, log) = (
        format!("/webhooks/{}", ids.webhook),
        format!("/webhook-logs/{}", ids.log),
    );
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        calls.push((method, webhook.clone(), none.clone()));
    }
    calls.push((
        Method::POST,
        format!("{webhook}/rotate-secret"),
        none.clone(),
    ));
    calls.push((Method::POST, format!("{webhook}/replay"), none.clone()));
    calls.push((Method::GET, log.clone(), none.clone()));
    calls.push((Method::POST, format!("{log}/retry"), none));
    calls
}

/// Returns the response to another workspace, without request id and timestamp, and the statements that it
/// executed.
async fn response_and_statements(
    app: &TestApp,
    method: &Method,
    path: &str,
    body: &Value,
) -> (Value, Vec<String>) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let id = format!("tenancy-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let request = app
        .request(method.clone(), path)
        .bearer_auth(OTHER)
        .json(body);
    let response = app.send(request.header("x-request-id", &id)).await;
    let mut body = response.expect(404).body;
    for field in ["instance", "timestamp"] {
        body[field] = Value::Null;
    }
    let mut statements = statements(&id);
    // The lookup of the API key is cached for a while.
    statements.retain(|it| !it.contains("k.hash"));
    assert!(!statements.is_empty(), "{method} {path}");
    (body, statements)
}

#[tokio::test]
async fn ids_of_another_workspace_behave_like_unknown_ids() {
    let app = TestApp::start().await;
    app.add_workspace(OTHER).await;
    let ids = create_objects(&app).await;
    let case = &ids.case;
    for (method, path, body) in calls(&ids) {
        let of_foreign = response_and_statements(&app, &method, &path, &body).await;
        // An unknown id must have the same result.
        let unknown = path
            .replace(
                case["id"].as_str().expect("an id"),
                "0198a000-0000-4000-8000-00000000ffff",
            )
            .replace("/one", "/two");
        let of_unknown = response_and_statements(&app, &method, &unknown, &body).await;
        assert_eq!(of_foreign, of_unknown, "{method} {path}");
    }
    for list in [
        "/cases",
        "/companies",
        "/individuals",
        "/tags",
        "/templates",
        "/users",
        "/spaces",
        "/custom-properties/case",
        "/webhooks",
        "/webhook-logs",
        "/activities",
    ] {
        let empty = app.get_as(OTHER, list).await.expect(200);
        assert_eq!(empty.body["data"], json!([]), "{list}");
        assert_eq!(empty.body["pagination"]["count"], 0, "{list}");
    }
    let unchanged = app.get("/cases/one").await.expect(200);
    assert_eq!(unchanged.body, *case);
    assert_eq!(unchanged.etag(), "\"1\"");
}

/// Compares the list of calls with the routes, so that no route is forgotten.
#[test]
fn calls_cover_every_route_with_an_id() {
    let case = json!({"id": "C", "companies": [{"id": "K"}],
        "individuals": [{"id": "I", "relations": [{"id": "R"}]}]});
    let (webhook, log) = ("W".to_owned(), "L".to_owned());
    let ids = Ids { case, webhook, log };
    let called: Vec<String> = calls(&ids).into_iter().map(|(_, path, _)| path).collect();
    let routes = DOCUMENT["paths"].as_object().expect("paths");
    for route in routes
        .keys()
        .filter(|it| it.contains("id}") || it.contains("case}"))
    {
        let parts: Vec<&str> = route.split('/').collect();
        let is_called = called.iter().any(|path| {
            let path: Vec<&str> = path.split('/').collect();
            path.len() == parts.len()
                && path
                    .iter()
                    .zip(&parts)
                    .all(|(a, b)| a == b || b.starts_with('{'))
        });
        assert!(is_called, "{route} is missing in `calls`");
    }
}
