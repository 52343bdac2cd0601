//! Proxies and caches between a client and the server.

use dossier::workspaces::FIXED_KEY;
use reqwest::Method;
use serde_json::json;

use crate::support::{KEY, Process, TestApp, TestDatabase, TestResponse, Wire, client, send};

#[tokio::test]
async fn responses_with_data_and_problems_are_not_cacheable() {
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
        let response = app.get(path).await;
        assert_eq!(response.header("cache-control"), Some("no-store"), "{path}");
        let response = app.get_as("not_a_key", path).await;
        assert_eq!(response.header("cache-control"), Some("no-store"), "{path}");
    }
    for (method, body) in [(Method::POST, json!({})), (Method::PUT, json!({}))] {
        let response = app.call(method, "/cases", &body).await;
        assert_eq!(response.header("cache-control"), Some("no-store"));
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
        let response = app.get_as("", path).await.expect(200);
        let cached = response.header("cache-control").unwrap_or_default();
        assert!(cached.starts_with("public, max-age="), "{path}: {cached}");
    }
}

#[tokio::test]
async fn returns_400_without_exactly_one_valid_host_header() {
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
            let response = wire.exchange(request.as_bytes()).await.expect("a response");
            let expected = if status == 200 && path == "/nowhere" {
                404
            } else {
                status
            };
            assert_eq!(response.status, expected, "{fields:?} {path}");
            if status == 400 {
                assert_eq!(
                    response.field("content-type"),
                    Some("application/problem+json")
                );
                assert!(
                    response.body.contains("\"header\":\"Host\""),
                    "{}",
                    response.body
                );
            }
        }
    }
    let http_1_0 = wire.exchange(b"GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(http_1_0.expect("a response").status, 200);
}

#[tokio::test]
async fn distinguishes_weak_malformed_and_stale_if_match_headers() {
    let app = TestApp::start().await;
    let body = json!({"name": "A", "companies": [{"name": "B"}]});
    let case = app.create(&body).await.expect(201);
    let (id, company) = (
        case.id(),
        case.body["companies"][0]["id"].as_str().expect("an id"),
    );
    let writes = [
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
    for (method, path, body) in writes {
        for tag in ["1", "'1'", "\"1", "w/\"1\"", "\"1\" \"2\"", "*, \"1\"", ""] {
            let response = app
                .call_if_match(method.clone(), &path, tag, &body)
                .await
                .expect(400);
            assert_eq!(response.body["type"], "/problems/invalid-parameters");
            assert_eq!(
                response.body["errors"][0]["header"], "If-Match",
                "{}",
                response.body
            );
        }
        for tag in ["W/\"1\"", "W/\"1\", \"9\""] {
            let response = app
                .call_if_match(method.clone(), &path, tag, &body)
                .await
                .expect(412);
            assert_eq!(response.body["type"], "/problems/weak-entity-tag");
        }
        let response = app
            .call_if_match(method, &path, "\"9\"", &body)
            .await
            .expect(412);
        assert_eq!(response.body["type"], "/problems/precondition-failed");
    }
    let (path, body) = (format!("/cases/{id}"), json!({"name": "C"}));
    let tags = "W/\"1\", \"1\"";
    let changed = app.call_if_match(Method::PATCH, &path, tags, &body).await;
    changed.expect(200);
}

/// Starts a server process with these settings.
async fn start_server(settings: &[(&str, &str)]) -> (TestDatabase, Process) {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, settings).await;
    (database, process)
}

async fn send_with_headers(
    process: &Process,
    method: Method,
    path: &str,
    fields: &[(&str, &str)],
) -> TestResponse {
    let url = format!("http://{}{path}", process.address);
    let mut request = client().request(method.clone(), url).bearer_auth(KEY);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    if method == Method::POST {
        request = request.json(&json!({"name": "A"}));
    }
    send(request).await
}

/// Returns the targets of all absolute links of a page or of the OpenAPI document.
fn links(text: &str) -> Vec<&str> {
    let starts = ["=\"/", "](/"].into_iter();
    let found =
        starts.flat_map(|start| text.match_indices(start).map(|(at, it)| at + it.len() - 1));
    let path = |at: usize| text[at..].split(['"', ')']).next().unwrap_or_default();
    found.map(path).collect()
}

#[tokio::test]
async fn links_include_the_path_prefix_of_a_proxy() {
    let public = ("DOSSIER_PUBLIC_URL", "https://example.com/kyb/");
    let trusted = ("DOSSIER_TRUSTED_PROXIES", "127.0.0.0/8");
    for (setting, field, url) in [
        (public, ("accept", "*/*"), "https://example.com/kyb"),
        (trusted, ("x-forwarded-prefix", "/kyb"), "/kyb"),
    ] {
        let (_database, process) = start_server(&[setting]).await;
        for prefix in ["", "/v1"] {
            let created =
                send_with_headers(&process, Method::POST, &format!("{prefix}/cases"), &[field])
                    .await;
            let id = created.id();
            let created = created.expect(201);
            let location = format!("/kyb{prefix}/cases/{id}");
            assert_eq!(created.header("location"), Some(&*location));
            for page in [
                "/",
                "/guides",
                "/guides/cases",
                "/problems",
                "/problems/not-found",
                "/docs",
            ] {
                let page =
                    send_with_headers(&process, Method::GET, &format!("{prefix}{page}"), &[field])
                        .await;
                let html = page.expect(200).body.to_string().replace("\\\"", "\"");
                let links = links(&html);
                assert!(
                    links.len() > 2 && links.iter().all(|it| it.starts_with("/kyb/")),
                    "{links:?}"
                );
            }
            let document = send_with_headers(
                &process,
                Method::GET,
                &format!("{prefix}/openapi.json"),
                &[field],
            )
            .await;
            let document = document.expect(200);
            let servers = json!([{"url": format!("{url}/v1")}, {"url": url}]);
            assert_eq!(document.body["servers"], servers);
            assert!(
                links(&document.body.to_string())
                    .iter()
                    .all(|it| it.starts_with("/kyb/"))
            );
        }
    }
}

#[tokio::test]
async fn varies_by_x_forwarded_prefix_if_a_proxy_may_send_it() {
    let trusted = ("DOSSIER_TRUSTED_PROXIES", "127.0.0.0/8");
    let public = ("DOSSIER_PUBLIC_URL", "https://example.com/kyb");
    for (settings, varies) in [
        (&[trusted][..], true),
        (&[public, trusted], false),
        (&[], false),
    ] {
        let (_database, process) = start_server(settings).await;
        for fields in [&[][..], &[("x-forwarded-prefix", "/kyb")]] {
            for path in ["/guides", "/openapi.json", "/nowhere"] {
                let response = send_with_headers(&process, Method::GET, path, fields).await;
                let vary = response.header("vary").unwrap_or_default();
                assert_eq!(vary.contains("x-forwarded-prefix"), varies, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn ignores_the_prefix_of_untrusted_proxies() {
    let field = ("x-forwarded-prefix", "/evil");
    for settings in [
        &[][..],
        &[("DOSSIER_TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1/32")],
    ] {
        let (_database, process) = start_server(settings).await;
        let created = send_with_headers(&process, Method::POST, "/cases", &[field])
            .await
            .expect(201);
        assert!(
            created
                .header("location")
                .is_some_and(|it| it.starts_with("/cases/"))
        );
        let page = send_with_headers(&process, Method::GET, "/guides", &[field])
            .await
            .expect(200);
        assert!(!page.body.to_string().contains("evil"));
    }
}

#[tokio::test]
async fn allows_only_configured_cors_origins() {
    let origin = ("origin", "https://desk.example.com");
    let preflight = [
        origin,
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization,if-match"),
    ];
    let (_database, process) = start_server(&[]).await;
    let response = send_with_headers(&process, Method::GET, "/ping", &[origin])
        .await
        .expect(200);
    assert_eq!(response.header("access-control-allow-origin"), None);
    let setting = (
        "DOSSIER_CORS_ORIGINS",
        "https://desk.example.com, http://localhost:5173",
    );
    let (_database, process) = start_server(&[setting]).await;
    for path in ["/ping", "/nowhere", "/cases/nothing"] {
        let response = send_with_headers(&process, Method::GET, path, &[origin]).await;
        assert_eq!(
            response.header("access-control-allow-origin"),
            Some(origin.1),
            "{path}"
        );
        let exposed = response
            .header("access-control-expose-headers")
            .unwrap_or_default();
        assert!(
            exposed.contains("etag") && exposed.contains("x-request-id"),
            "{exposed}"
        );
        let response = send_with_headers(
            &process,
            Method::GET,
            path,
            &[("origin", "https://evil.example")],
        )
        .await;
        assert_eq!(
            response.header("access-control-allow-origin"),
            None,
            "{path}"
        );
    }
    let allowed = send_with_headers(&process, Method::OPTIONS, "/cases/x", &preflight)
        .await
        .expect(200);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        Some(origin.1)
    );
    assert!(
        allowed
            .header("access-control-allow-methods")
            .is_some_and(|it| it.contains("PATCH"))
    );
    assert!(
        allowed
            .header("access-control-allow-headers")
            .is_some_and(|it| it.contains("if-match"))
    );
    assert_eq!(allowed.header("access-control-allow-credentials"), None);
}

#[tokio::test]
async fn returns_304_for_an_unchanged_case() {
    let app = TestApp::start().await;
    let tag = app
        .call(Method::POST, "/tags", &json!({"label": "Watched"}))
        .await
        .expect(201);
    let body = json!({"name": "A", "external_id": "not/an id", "tags": ["Watched"]});
    let case = app.create(&body).await.expect(201);
    let (path, tag) = (
        format!("/cases/{}", case.id()),
        format!("/tags/{}", tag.id()),
    );
    let read = async |path: &str, tags: &str| {
        let request = app.request(Method::GET, path).bearer_auth(FIXED_KEY);
        let request = request.header("if-none-match", tags);
        app.send(request).await
    };
    for path in [
        &*path,
        "/v1/cases/not%2Fan%20id",
        &format!("{path}?include_not_relevant=true"),
    ] {
        for tags in ["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"] {
            let response = read(path, tags).await.expect(304);
            assert_eq!(
                (response.etag(), &response.body),
                ("\"1\"".to_owned(), &json!(""))
            );
            assert_eq!(response.header("content-type"), None);
        }
        read(path, "\"2\"").await.expect(200);
        let malformed = read(path, "1").await.expect(400);
        assert_eq!(malformed.body["errors"][0]["header"], "If-None-Match");
    }
    read("/cases/nothing", "*").await.expect(404);
    // The case has the same version, but the response differs.
    app.call(Method::PATCH, &tag, &json!({"label": "Seen"}))
        .await
        .expect(200);
    let renamed = read(&path, "\"1\"").await.expect(200);
    assert_eq!(
        (renamed.etag(), &renamed.body["tags"]),
        ("\"1\"".to_owned(), &json!(["Seen"]))
    );
    app.call(Method::PATCH, &path, &json!({"name": "B"}))
        .await
        .expect(200);
    read(&path, "\"1\"").await.expect(200);
    read(&path, "\"2\"").await.expect(304);
    let company = json!({"case_id": case.id(), "name": "C", "type": "affiliated"});
    app.call(Method::POST, "/companies", &company)
        .await
        .expect(201);
    read(&path, "\"2\"").await.expect(200);
    read(&path, "\"3\"").await.expect(304);
    // A case stored by an earlier version of the server.
    app.execute("UPDATE cases SET reference_version = NULL")
        .await;
    read(&path, "\"3\"").await.expect(200);
}
