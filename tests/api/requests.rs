//! Credentials, paths, media types and size limits.

use reqwest::Method;

use crate::support::{TestApp, deadline};

const KEY: &str = dossier::workspaces::FIXED_KEY;

#[tokio::test]
async fn accepts_an_api_key_in_three_headers_at_four_paths() {
    let app = TestApp::start().await;
    for header in ["x-api-key", "X-DOTFILE-API-KEY"] {
        for path in ["/ping", "/ping/", "/v1/ping", "/v1/ping/"] {
            let response = app
                .send(app.request(Method::GET, path).header(header, KEY))
                .await;
            assert_eq!(response.expect(200).body["workspace_name"], "Sandbox");
        }
    }
    let without_key = app
        .send(app.request(Method::GET, "/ping"))
        .await
        .expect(401);
    assert_eq!(without_key.headers["www-authenticate"], "Bearer");
    app.get_as("dossier_unknown_key", "/ping").await.expect(401);
    let two = app.request(Method::GET, "/ping").bearer_auth(KEY);
    app.send(two.header("x-api-key", "dossier_unknown_key"))
        .await
        .expect(401);
}

#[tokio::test]
async fn rejects_bodies_of_other_types_malformed_json_and_large_bodies() {
    let app = TestApp::start().await;
    let post = |path| {
        app.request(Method::POST, path)
            .bearer_auth(KEY)
            .body("{\"name\": \"A\"}")
    };
    app.send(post("/cases").header("content-type", "text/plain"))
        .await
        .expect(415);
    for (path, prefix) in [("/cases", "/cases/"), ("/v1/cases/", "/v1/cases/")] {
        let request = post(path).header("content-type", "application/vnd.api+json; charset=UTF-8");
        let created = app.send(request).await.expect(201);
        let location = created.headers["location"]
            .to_str()
            .expect("a readable value")
            .to_owned();
        assert!(location.starts_with(prefix), "{location}");
        app.get(&location).await.expect(200);
    }
    app.post(format!("{{\"name\": \"{}\"}}", "a".repeat(2 * 1024 * 1024)))
        .await
        .expect(413);
    let malformed = app.post("{\"name\": \"A\",\n oops}").await.expect(400);
    let detail = malformed.body["detail"].as_str().expect("a detail");
    assert!(detail.contains("line 2, column 2"), "{detail}");
}

#[tokio::test]
async fn ignores_unneeded_headers_and_bodies_of_existing_clients() {
    let app = TestApp::start().await;
    let created = app.create(&serde_json::json!({"name": "A"})).await;
    for path in [format!("/cases/{}", created.id()), "/cases".to_owned()] {
        let request = app
            .request(Method::GET, &path)
            .bearer_auth(KEY)
            .header("accept-encoding", "application/json")
            .header("content-type", "application/json")
            .body("{\"nonsense\": ");
        let response = app.send(request).await.expect(200);
        assert_eq!(response.headers.get("content-encoding"), None);
        assert!(response.body.is_object());
    }
    let path = format!("/v1/cases/{}/?permanent=true", created.id());
    let request = app.request(Method::DELETE, &path).bearer_auth(KEY);
    app.send(request.body("nonsense")).await.expect(204);
}

#[tokio::test]
async fn unknown_paths_return_a_problem_document_with_the_request_id() {
    let app = TestApp::start().await;
    let response = app
        .send(app.request(Method::PUT, "/cases"))
        .await
        .expect(405);
    assert_eq!(response.headers["allow"], "GET,HEAD,POST");
    let request = app
        .request(Method::GET, "/nowhere")
        .header("x-request-id", "abc-1");
    let missing = app.send(request).await.expect(404);
    assert_eq!(missing.headers["x-request-id"], "abc-1");
    assert_eq!(missing.body["instance"], "urn:request:abc-1");
    for path in [
        "/healthz",
        "/readyz",
        missing.body["type"].as_str().expect("a type"),
    ] {
        app.get(path).await.expect(200);
    }
    for path in [
        "/cases/%00",
        "/cases/%FF",
        "/problems/%FF",
        "/problems/unknown",
    ] {
        let response = app.get(path).await.expect(404);
        assert_eq!(response.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn bootstrap_creates_a_workspace_with_its_key_and_is_idempotent() {
    use dossier::db::Session;
    use dossier::workspaces::WorkspaceName;
    let app = TestApp::start().await;
    let key = "dossier_first_0123456789abcdef";
    for _ in 0..2 {
        let id = dossier::ids::IdSource::default().next(chrono::Utc::now());
        let bootstrapped = app
            .database
            .unit(deadline(), async move |mut session: Session| {
                let name = WorkspaceName::parse("First").expect("a name");
                let key = key.to_owned();
                dossier::workspaces::bootstrap(&mut session, id, name, key).await
            });
        bootstrapped.await.expect("a workspace");
        let response = app.get_as(key, "/ping").await.expect(200);
        assert_eq!(response.body["workspace_name"], "First");
    }
}
