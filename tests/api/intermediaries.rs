//! What proxies and caches between a client and the server may do, and what they are told.

use dossier::workspaces::FIXED_KEY;
use reqwest::Method;
use serde_json::json;

use crate::support::{TestApp, Wire};

#[tokio::test]
async fn nothing_that_needs_a_key_and_no_problem_may_be_cached() {
    let app = TestApp::start().await;
    let id = app.create(&json!({"name": "A"})).await.expect(201).id();
    for path in [
        "/ping",
        "/cases",
        "/tags?limit=1",
        &format!("/cases/{id}"),
        &format!("/v1/cases/{id}"),
        "/healthz",
        "/cases/nothing",
        "/nowhere",
        "/docs/nothing.js",
        "/guides/nothing",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let answer = app.get_as("not_a_key", path).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    for (method, body) in [(Method::POST, json!({})), (Method::PUT, json!({}))] {
        let answer = app.call(method, "/cases", &body).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    for path in [
        "/",
        "/guides",
        "/guides/cases",
        "/problems",
        "/problems/not-found",
        "/openapi.json",
        "/docs",
        "/docs/start.js",
        "/docs/swagger-ui.css",
    ] {
        let answer = app.get_as("", path).await.expect(200);
        let cached = answer.header("cache-control").unwrap_or_default();
        assert!(cached.starts_with("public, max-age="), "{path}: {cached}");
    }
}

#[tokio::test]
async fn a_request_needs_one_valid_host() {
    let app = TestApp::start().await;
    let mut wire = Wire::connect(app.address()).await.expect("a connection");
    for (fields, status) in [
        ("host: a\r\n", 200),
        ("host: [::1]:80\r\n", 200),
        ("", 400),
        ("host: a\r\nhost: a\r\n", 400),
        ("host: a\r\nHost: b\r\n", 400),
        ("host:\r\n", 400),
        ("host: a b\r\n", 400),
        ("host: user@a\r\n", 400),
        ("host: a:port\r\n", 400),
        ("host: http://a\r\n", 400),
    ] {
        for path in ["/healthz", "/v1/cases", "/nowhere"] {
            let request =
                format!("GET {path} HTTP/1.1\r\n{fields}authorization: Bearer {FIXED_KEY}\r\n\r\n");
            let answer = wire.exchange(request.as_bytes()).await.expect("an answer");
            let expected = if status == 200 && path == "/nowhere" {
                404
            } else {
                status
            };
            assert_eq!(answer.status, expected, "{fields:?} {path}");
            if status == 400 {
                assert_eq!(
                    answer.field("content-type"),
                    Some("application/problem+json")
                );
                assert!(
                    answer.body.contains("\"header\":\"Host\""),
                    "{}",
                    answer.body
                );
            }
        }
    }
    let old = wire.exchange(b"GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_weak_or_malformed_if_match_is_told_as_what_it_is() {
    let app = TestApp::start().await;
    let body = json!({"name": "A", "companies": [{"name": "B"}]});
    let case = app.create(&body).await.expect(201);
    let (id, company) = (
        case.id(),
        case.body["companies"][0]["id"].as_str().expect("an id"),
    );
    let doors = [
        (Method::PATCH, format!("/cases/{id}"), json!({"name": "C"})),
        (Method::DELETE, format!("/cases/{id}"), json!(null)),
        (
            Method::POST,
            format!("/cases/{id}/tags"),
            json!({"tags": []}),
        ),
        (
            Method::PATCH,
            format!("/companies/{company}"),
            json!({"name": "C"}),
        ),
        (Method::DELETE, format!("/companies/{company}"), json!(null)),
        (
            Method::POST,
            "/individuals".to_owned(),
            json!({"case_id": id, "first_name": "A", "last_name": "B"}),
        ),
    ];
    for (method, path, body) in doors {
        for tag in ["1", "'1'", "\"1", "w/\"1\"", "\"1\" \"2\"", "*, \"1\"", ""] {
            let answer = app
                .call_if(method.clone(), &path, tag, &body)
                .await
                .expect(400);
            assert_eq!(answer.body["type"], "/problems/invalid-parameters");
            assert_eq!(
                answer.body["errors"][0]["header"], "If-Match",
                "{}",
                answer.body
            );
        }
        for tag in ["W/\"1\"", "W/\"1\", \"9\""] {
            let answer = app
                .call_if(method.clone(), &path, tag, &body)
                .await
                .expect(412);
            assert_eq!(answer.body["type"], "/problems/weak-entity-tag");
        }
        let answer = app.call_if(method, &path, "\"9\"", &body).await.expect(412);
        assert_eq!(answer.body["type"], "/problems/precondition-failed");
    }
    let (path, body) = (format!("/cases/{id}"), json!({"name": "C"}));
    let tags = "W/\"1\", \"1\"";
    let changed = app.call_if(Method::PATCH, &path, tags, &body).await;
    changed.expect(200);
}
