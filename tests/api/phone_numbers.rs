//! Telephone numbers: every request normalizes or rejects them in the same way.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse};

/// Numbers with a trunk zero in brackets, and their international form.
const WITH_TRUNK_ZERO: [(&str, &str); 12] = [
    ("+49 (0)151 23456789", "+4915123456789"),
    ("+49(0)15123456789", "+4915123456789"),
    ("+49 (0) 30 123456", "+4930123456"),
    ("+49-(0)-30-123456", "+4930123456"),
    ("+49 [0] 30 123456", "+4930123456"),
    ("(+49) (0)30 123456", "+4930123456"),
    ("+44 (0)20 7946 0958", "+442079460958"),
    ("+33 (0)6 12 34 56 78", "+33612345678"),
    ("+41 (0)44 668 18 00", "+41446681800"),
    ("+31.(0)20.123.4567", "+31201234567"),
    // Italian numbers keep their zero, Ivorian ones have no trunk prefix.
    ("+39 (0)6 12345678", "+390612345678"),
    ("+225 (0)7 07 12 34 56", "+2250707123456"),
];

/// Ambiguous numbers, and numbers that cannot exist.
const REJECTED: [&str; 17] = [
    "+49 0151 23456789",
    "+49 (0151) 23456789",
    "+49 0 151 23456789",
    "+49 (00)151 23456789",
    "+49 151 (0)23456789",
    "+44 020 7946 0958",
    "+33 06 12 34 56 78",
    "+39 (0)333 1234567",
    "+34 (0)912 345 678",
    "+1 (0)202 555 0123",
    "(0)+49 151 23456789",
    "+(0)49 151 23456789",
    "+375 (8017) 123-45-67",
    "+36 (06) 1 234 5678",
    "+52 (01) 55 1234 5678",
    "+12345678",
    "+1 234-5678",
];

async fn individual(app: &TestApp, number: &str) -> TestResponse {
    let person = json!({"first_name": "Jo", "last_name": "Doe", "phone_number": number});
    let body = json!({"name": "A", "individuals": [person]});
    app.call(Method::POST, "/cases", &body).await
}

#[tokio::test]
async fn removes_or_rejects_a_trunk_zero_in_brackets() {
    let app = TestApp::start().await;
    for (sent, stored) in WITH_TRUNK_ZERO {
        let created = individual(&app, sent).await;
        let (status, found) = (
            created.status,
            &created.body["individuals"][0]["phone_number"],
        );
        assert_eq!((status.as_u16(), found), (201, &json!(stored)), "{sent}");
    }
    for sent in REJECTED {
        let refused = individual(&app, sent).await;
        assert_eq!(refused.status, 400, "{sent}: {}", refused.body);
        assert_eq!(
            refused.errors(),
            [("/individuals/0/phone_number", "format")],
            "{sent}"
        );
    }
    for sent in [
        "+390612345678",
        "+39 06 12345678",
        "+13101234",
        "+375 (17) 123-45-67",
        "+7 800 555 35 35",
    ] {
        let accepted = individual(&app, sent).await;
        assert_eq!(accepted.status, 201, "{sent}: {}", accepted.body);
    }
}

#[tokio::test]
async fn applies_the_same_rules_to_phone_numbers_in_every_request() {
    let app = TestApp::start().await;
    let case = individual(&app, "+33612345678").await.expect(201);
    let (id, person) = (case.id(), case.body["individuals"][0]["id"].clone());
    let person = format!("/individuals/{}", person.as_str().expect("an id"));
    let (sent, stored) = WITH_TRUNK_ZERO[0];

    let changed = app
        .call(Method::PATCH, &person, &json!({"phone_number": sent}))
        .await;
    assert_eq!(changed.expect(200).body["phone_number"], stored);
    let added = json!({"case_id": id, "first_name": "Al", "last_name": "Doe",
        "phone_number": sent});
    let added = app.call(Method::POST, "/individuals", &added).await;
    assert_eq!(added.expect(201).body["phone_number"], stored);
    let property = json!({"name": "B", "custom_properties": {"hotline": sent}});
    let property = app
        .call(Method::POST, "/cases", &property)
        .await
        .expect(201);
    assert_eq!(property.body["custom_properties"]["hotline"], stored);
    let batch = json!({"cases": [{"name": "C", "custom_properties": {"hotline": sent}}]});
    let batch = app.call(Method::POST, "/cases/batch", &batch).await;
    let created = batch.expect(200).body["results"][0]["id"].clone();
    let read = format!("/cases/{}", created.as_str().expect("an id"));
    let read = app.get(&read).await.expect(200);
    assert_eq!(read.body["custom_properties"]["hotline"], stored);
    let template = json!({"key": "calls", "name": "Calls",
        "defaults": {"custom_properties": {"hotline": sent}}});
    let template = app.call(Method::POST, "/templates", &template).await;
    let defaults = &template.expect(201).body["defaults"];
    assert_eq!(defaults["custom_properties"]["hotline"], stored);

    let requests: [(Method, &str, Value, &str); 3] = [
        (
            Method::PATCH,
            &person,
            json!({"phone_number": REJECTED[0]}),
            "/phone_number",
        ),
        (
            Method::POST,
            "/cases",
            json!({"name": "D", "custom_properties": {"hotline": REJECTED[0]}}),
            "/custom_properties/hotline",
        ),
        (
            Method::POST,
            "/templates",
            json!({"key": "no", "name": "No",
                "defaults": {"custom_properties": {"hotline": REJECTED[0]}}}),
            "/defaults/custom_properties/hotline",
        ),
    ];
    for (method, path, body, pointer) in requests {
        let refused = app.call(method, path, &body).await.expect(400);
        assert_eq!(refused.errors(), [(pointer, "format")]);
    }
}

#[tokio::test]
async fn suggests_the_international_form_of_a_rejected_number() {
    let app = TestApp::start().await;
    let refused = individual(&app, "+49 0151 23456789").await.expect(400);
    let error = &refused.body["errors"][0];
    assert_eq!(error["suggestion"], "+4915123456789");
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains("inside the country"), "{message}");
    let refused = individual(&app, "+1 234-5678").await.expect(400);
    let message = refused.body["errors"][0]["message"]
        .as_str()
        .expect("a message");
    assert!(message.contains("area code"), "{message}");
}
