//! External ids in paths: every id that can be stored can be addressed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::openapi::DOCUMENT;

/// External ids that no path can address.
const REJECTED: [&str; 3] = ["batch", ".", ".."];

/// Percent-encodes as documented in docs/cases.md: all bytes except letters, digits, `-`, `_` and `.`.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'-' | b'_' | b'.' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[tokio::test]
async fn rejects_external_ids_that_no_path_can_address() {
    let app = TestApp::start().await;
    let case = app.create(&json!({"name": "A"})).await;
    let path = format!("/cases/{}", case.id());
    for id in REJECTED {
        let body = json!({"name": "A", "external_id": id});
        for query in ["", "?dry_run=true"] {
            let refused = app
                .call(Method::POST, &format!("/cases{query}"), &body)
                .await;
            assert_eq!(refused.status, 400, "{id}: {}", refused.body);
            assert_eq!(refused.errors(), [("/external_id", "format")], "{id}");
            let message = refused.body["errors"][0]["message"].as_str();
            assert!(message.is_some_and(|it| it.contains("path")), "{message:?}");
        }
        let change = json!({"external_id": id});
        let refused = app.call(Method::PATCH, &path, &change).await.expect(400);
        assert_eq!(refused.errors(), [("/external_id", "format")], "{id}");
        let batch = json!({"cases": [body]});
        let batch = app
            .call(Method::POST, "/cases/batch", &batch)
            .await
            .expect(200);
        assert_eq!(batch.body["results"][0]["status"], 400, "{}", batch.body);
    }
}

#[test]
fn rejects_every_fixed_path_segment_below_cases() {
    let paths = DOCUMENT["paths"].as_object().expect("paths").keys();
    let words = paths.filter_map(|it| it.strip_prefix("/cases/")?.split('/').next());
    let words: Vec<_> = words.filter(|it| !it.starts_with('{')).collect();
    assert!(words.contains(&"batch"), "{words:?}");
    assert!(words.iter().all(|it| REJECTED.contains(it)), "{words:?}");
}

#[tokio::test]
async fn addresses_every_other_external_id_when_encoded() {
    let app = TestApp::start().await;
    for id in [
        "Batch", "batch/", "batches", "...", ".a", "a/b", "/", "a b", "a?b#c", "100%", "%2e%2e",
        "+", ";v=1", "é", "a\\b", "tags", "reviews", "a:b",
    ] {
        let created = app.create(&json!({"name": "A", "external_id": id})).await;
        let path = format!("/cases/{}", encoded(id));
        let read = app.get(&path).await;
        assert_eq!(read.status, 200, "{path}: {}", read.body);
        assert_eq!(read.id(), created.id(), "{path}");
        let change = json!({"name": "B"});
        let changed = app.call(Method::PATCH, &path, &change).await.expect(200);
        assert_eq!(changed.body["external_id"], id);
        app.call(Method::DELETE, &path, &Value::Null)
            .await
            .expect(204);
    }
}

#[tokio::test]
async fn explains_404_of_a_write_to_an_external_id_that_is_a_uuid() {
    let app = TestApp::start().await;
    let id = "018f3b7e-5c1a-4d3e-9a44-2f1b6c8d9e10";
    let created = app.create(&json!({"name": "A", "external_id": id})).await;
    let path = format!("/cases/{id}");
    assert_eq!(app.get(&path).await.expect(200).id(), created.id());
    let review = json!({"status": "approved"});
    let writes = [
        (Method::PATCH, path.clone(), json!({"name": "B"})),
        (Method::DELETE, path.clone(), Value::Null),
        (Method::POST, format!("{path}/reviews"), review),
        (
            Method::POST,
            format!("{path}/tags"),
            json!({"tags": ["VIP"]}),
        ),
    ];
    for (method, path, body) in writes {
        let refused = app.call(method.clone(), &path, &body).await.expect(404);
        let message = refused.body["message"].as_str().expect("a message");
        assert!(
            message.contains("external_id"),
            "{method} {path}: {message}"
        );
        assert!(
            message.contains(&created.id()),
            "{method} {path}: {message}"
        );
    }
    for (path, entity) in [
        ("/companies", json!({"case_id": id, "name": "A"})),
        (
            "/individuals",
            json!({"case_id": id, "first_name": "A", "last_name": "B"}),
        ),
    ] {
        let refused = app.call(Method::POST, path, &entity).await.expect(404);
        assert_eq!(refused.errors(), [("/case_id", "case_not_found")]);
        let message = refused.body["message"].as_str().expect("a message");
        assert!(message.contains(&created.id()), "{path}: {message}");
    }
    let unknown = "/cases/018f3b7e-5c1a-4d3e-9a44-2f1b6c8d9e11";
    let refused = app
        .call(Method::PATCH, unknown, &json!({"name": "B"}))
        .await;
    let refused = refused.expect(404);
    let message = refused.body["message"].as_str().expect("a message");
    assert!(!message.contains("external_id"), "{message}");
    app.add_workspace("dossier_of_others").await;
    let request = app
        .request(Method::DELETE, &path)
        .bearer_auth("dossier_of_others");
    let refused = app.send(request).await.expect(404);
    let message = refused.body["message"].as_str().expect("a message");
    assert!(!message.contains(&created.id()), "{message}");
}
