//! Secrets chosen by clients, and the verification of signatures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Received, Receiver, TestApp};

/// Returns a delivery that is signed with a secret chosen by the client.
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

/// Returns whether one of the signatures uses the string of the secret as its key.
fn is_signed_by_string(received: &Received, secret: &str) -> bool {
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
async fn standard_webhooks_libraries_verify_base64_secrets_with_and_without_prefix() {
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
        // Receivers that use the string as the key still verify secrets without a prefix.
        let has_prefix = secret.starts_with("whsec_");
        assert_eq!(is_signed_by_string(&received, &secret), !has_prefix);
    }
}

#[tokio::test]
async fn signs_with_the_string_of_a_secret_that_is_not_base64() {
    let secret = "correct horse battery staple!";
    assert!(standardwebhooks::Webhook::new(secret).is_err());
    let received = delivered(secret).await;
    assert!(is_signed_by_string(&received, secret));
    let signatures = received.header("webhook-signature").split(' ');
    assert_eq!(signatures.count(), 1);
}

#[test]
fn documented_patterns_match_valid_secrets_and_idempotency_keys() {
    let document = &*crate::support::openapi::DOCUMENT;
    for schema in ["WebhookCreateRequest", "WebhookUpdateRequest"] {
        let secret = &document["components"]["schemas"][schema]["properties"]["secret"];
        let pattern = secret["pattern"].as_str().expect("a pattern");
        let pattern = regex::Regex::new(pattern).expect("an expression");
        for (text, is_valid) in [
            ("", true),
            ("fifteen bytes..", false),
            ("sixteen bytes...", true),
        ] {
            assert_eq!(pattern.is_match(text), is_valid, "{schema} {text:?}");
        }
        let description = secret["description"].as_str().expect("a description");
        assert!(
            description.contains("16 to 255 characters"),
            "{description}"
        );
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
    for (key, is_valid) in [
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
        assert_eq!(pattern.is_match(key), is_valid, "{key}");
    }
}
