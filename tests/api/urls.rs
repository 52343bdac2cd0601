//! URLs: only URLs that a browser opens as a person reads them are accepted.

use reqwest::Method;
use serde_json::json;

use crate::support::{TestApp, TestResponse};

/// Rejected URLs, and what the message must contain.
const REJECTED: [(&str, &str); 22] = [
    ("https://exa\nmple.com", "U+000A LINE FEED at position 12"),
    (
        "https://example.com/a\r\nb",
        "U+000D CARRIAGE RETURN at position 22",
    ),
    (
        "https://example.com/\ta",
        "U+0009 CHARACTER TABULATION at position 21",
    ),
    ("https://example.com/a b", "U+0020 SPACE at position 22"),
    (" https://example.com", "U+0020 SPACE at position 1"),
    (
        "https://example.com\u{a0}",
        "U+00A0 NO-BREAK SPACE at position 20",
    ),
    (
        "https://example.com/\u{202e}gpj",
        "U+202E RIGHT-TO-LEFT OVERRIDE at position 21",
    ),
    (
        "\u{202a}https://example.com",
        "U+202A LEFT-TO-RIGHT EMBEDDING at position 1",
    ),
    (
        "https://example\u{200b}.com",
        "U+200B ZERO WIDTH SPACE at position 16",
    ),
    ("https://example.com/\u{7f}", "U+007F"),
    ("https://example.com/\u{85}", "U+0085"),
    ("https://example.com\\@evil.example", "\\ at position 20"),
    ("https://example.com/<script>", "< at position 21"),
    ("https:///x", "host"),
    ("https:////x.example", "host"),
    ("https://..", "host"),
    ("https://.example.com", "host"),
    ("https://a..example.com", "host"),
    ("https://example.com:99999", ""),
    ("https://:443/", ""),
    ("https:example.com", ""),
    ("https://[::1", ""),
];

const ACCEPTED: [&str; 8] = [
    "https://fa.example/\u{6cc}\u{200c}\u{631}",
    "https://example.com",
    "HTTPS://Example.com/a?b#c",
    "https://example.com./",
    "https://münchen.example/straße?q=ü",
    "https://example.com/a%20b|c",
    "https://example.com:8443/",
    "https://my_host.example.com/~x",
];

async fn property(app: &TestApp, url: &str) -> TestResponse {
    let body = json!({"name": "A", "custom_properties": {"reference_url": url}});
    app.call(Method::POST, "/cases", &body).await
}

async fn webhook(app: &TestApp, url: &str) -> TestResponse {
    let body = json!({"url": url, "events": ["Case.Created"]});
    app.call(Method::POST, "/webhooks", &body).await
}

#[tokio::test]
async fn rejects_malformed_and_misleading_urls_in_every_request() {
    let app = TestApp::start().await;
    let hook = webhook(&app, "https://hooks.example.com").await.expect(201);
    let path = format!("/webhooks/{}", hook.id());
    for (sent, expected) in REJECTED {
        let responses = [
            (
                property(&app, sent).await,
                "/custom_properties/reference_url",
            ),
            (webhook(&app, sent).await, "/url"),
            (
                app.call(Method::PATCH, &path, &json!({"url": sent})).await,
                "/url",
            ),
        ];
        for (response, pointer) in responses {
            assert_eq!(
                response.status, 400,
                "{sent:?} {pointer}: {}",
                response.body
            );
            assert_eq!(response.errors()[0].0, pointer, "{sent:?}");
            let message = response.body["errors"][0]["message"]
                .as_str()
                .expect("a message");
            assert!(message.contains(expected), "{sent:?}: {message}");
            assert!(!message.contains('\u{202e}'), "{message}");
        }
    }
    for sent in ACCEPTED {
        let accepted = property(&app, sent).await;
        assert_eq!(accepted.status, 201, "{sent}: {}", accepted.body);
        assert_eq!(accepted.body["custom_properties"]["reference_url"], sent);
        webhook(&app, sent).await.expect(201);
    }
    let defaults = json!({"key": "web", "name": "Web",
        "defaults": {"custom_properties": {"reference_url": "https:///x"}}});
    let refused = app.call(Method::POST, "/templates", &defaults).await;
    let pointer = "/defaults/custom_properties/reference_url";
    assert_eq!(refused.expect(400).errors(), [(pointer, "format")]);
    // `website_url` is free text, as in the published API.
    let free = json!({"name": "A", "companies": [{"name": "B", "website_url": "acme dot com"}]});
    app.create(&free).await;
}
