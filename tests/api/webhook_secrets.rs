//! Secrets of one's own, and who can verify with them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Received, Receiver, TestApp};

/// A delivery that is signed with a secret of the caller's own.
async fn delivered(secret: &str) -> Received {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let body = json!({"url": receiver.url, "events": ["Case.Created"], "secret": secret});
    app.call(Method::POST, "/webhooks", &body).await.expect(201);
    app.create(&json!({"name": "Acme"})).await;
    receiver.wait_for(1).await.remove(0)
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Whether one of the signatures is by the text of the secret itself.
fn is_signed_by_text(received: &Received, secret: &str) -> bool {
    let head = format!(
        "{}.{}.",
        received.header("webhook-id"),
        received.header("webhook-timestamp")
    );
    let signed = [head.as_bytes(), &received.bytes].concat();
    let expected = format!("v1,{}", STANDARD.encode(hmac(secret.as_bytes(), &signed)));
    let mut signatures = received.header("webhook-signature").split(' ');
    signatures.any(|it| it == expected)
}

#[tokio::test]
async fn the_libraries_of_standard_webhooks_verify_base64_with_and_without_its_prefix() {
    let bytes: Vec<u8> = (0..24).collect();
    let encoded = STANDARD.encode(bytes);
    for secret in [
        encoded.clone(),
        format!("whsec_{encoded}"),
        "abcdefghijklmnop".to_owned(),
        "QUJDREVGR0hJSktMTU5PUA==".to_owned(),
    ] {
        let received = delivered(&secret).await;
        let verifier = standardwebhooks::Webhook::new(&secret).expect("base64");
        let verified = verifier.verify(&received.bytes, &received.headers);
        verified.unwrap_or_else(|error| panic!("{secret}: {error}"));
        let digits: String = hmac(secret.as_bytes(), &received.bytes)
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        assert_eq!(received.header("dotfile-signature"), digits, "{secret}");
        // What verified before still does.
        let has_prefix = secret.starts_with("whsec_");
        assert_eq!(is_signed_by_text(&received, &secret), !has_prefix);
    }
}

#[tokio::test]
async fn a_secret_that_is_no_base64_signs_with_its_text() {
    let secret = "correct horse battery staple!";
    assert!(standardwebhooks::Webhook::new(secret).is_err());
    let received = delivered(secret).await;
    assert!(is_signed_by_text(&received, secret));
    let signatures = received.header("webhook-signature").split(' ');
    assert_eq!(signatures.count(), 1);
}

#[test]
fn the_description_says_how_long_a_secret_is_and_what_a_key_looks_like() {
    let document = &*crate::support::openapi::DOCUMENT;
    for schema in ["WebhookCreateRequest", "WebhookUpdateRequest"] {
        let secret = &document["components"]["schemas"][schema]["properties"]["secret"];
        let pattern = secret["pattern"].as_str().expect("a pattern");
        let pattern = regex::Regex::new(pattern).expect("an expression");
        for (text, is_taken) in [
            ("", true),
            ("fifteen bytes..", false),
            ("sixteen bytes...", true),
        ] {
            assert_eq!(pattern.is_match(text), is_taken, "{schema} {text:?}");
        }
        let about = secret["description"].as_str().expect("a description");
        assert!(about.contains("16 to 255 characters"), "{about}");
    }
    let keys: Vec<&Value> = document["paths"]["/webhooks"]["post"]["parameters"]
        .as_array()
        .expect("parameters")
        .iter()
        .filter(|it| it["name"] == "Idempotency-Key")
        .collect();
    let pattern = keys[0]["schema"]["pattern"].as_str().expect("a pattern");
    let pattern = regex::Regex::new(pattern).expect("an expression");
    let long = "k".repeat(255);
    let quoted = format!("\"{long}\"");
    let too_long = "k".repeat(256);
    for (key, is_taken) in [
        ("a", true),
        ("8e03978e-40d5", true),
        ("two words", true),
        ("\"8e03978e\"", true),
        (r#""a \"b\\""#, true),
        (long.as_str(), true),
        (quoted.as_str(), true),
        ("", false),
        ("\"\"", false),
        ("\"a", false),
        ("a\"b", false),
        (r#""a\b""#, false),
        ("clé", false),
        (too_long.as_str(), false),
    ] {
        assert_eq!(pattern.is_match(key), is_taken, "{key}");
    }
}
