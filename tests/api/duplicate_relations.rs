//! A second relation between the same holder and company is rejected; the error explains how to merge both.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse};

#[track_caller]
fn assert_explains_merge(refused: &TestResponse, pointer: &str) {
    assert_eq!(refused.errors(), [(pointer, "relation_duplicate")]);
    let message = refused.body["errors"][0]["message"]
        .as_str()
        .expect("a message");
    for part in [
        "one relation",
        "roles",
        "position",
        "\"Director; Chair\"",
        "percentages",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn explains_how_to_merge_a_second_relation_in_every_request() {
    let app = TestApp::start().await;
    let director = json!({"roles": ["legal_representative"], "position": "Director"});
    let shareholder = json!({"roles": ["shareholder"], "ownership_percentage": 40.0});
    let person =
        |relations: Value| json!({"first_name": "C", "last_name": "D", "relations": relations});
    let case_with = |person: Value| {
        json!({"name": "A", "companies": [{"name": "B"}, {"name": "S", "type": "affiliated"}],
            "individuals": [person]})
    };
    let twice = case_with(person(json!([director, shareholder])));
    let refused = app.call(Method::POST, "/cases", &twice).await.expect(400);
    assert_explains_merge(&refused, "/individuals/0/relations/1");
    let batch = json!({"cases": [twice]});
    let batch = app
        .call(Method::POST, "/cases/batch", &batch)
        .await
        .expect(200);
    let message = &batch.body["results"][0]["errors"][0]["message"];
    assert!(
        message
            .as_str()
            .is_some_and(|it| it.contains("one relation")),
        "{message}"
    );

    let merged = json!([{"roles": ["legal_representative", "shareholder"],
        "position": "Director; Chair", "ownership_percentage": 40.0}]);
    let case = app.create(&case_with(person(merged))).await;
    let holder = case.body["individuals"][0]["id"].clone();
    let [main, other] = [0, 1].map(|it| case.body["companies"][it]["id"].clone());
    let second =
        json!({"from_individual_id": holder, "to_company_id": main, "roles": ["shareholder"]});
    let path = format!("/cases/{}/relations", case.id());
    let refused = app.call(Method::POST, &path, &second).await.expect(400);
    assert_explains_merge(&refused, "/to_company_id");
    let mut added = person(json!([{"to_company_id": main}, {"to_company_id": main}]));
    added["case_id"] = json!(case.id());
    let refused = app
        .call(Method::POST, "/individuals", &added)
        .await
        .expect(400);
    assert_explains_merge(&refused, "/relations/1");
    let other_relation = json!({"from_individual_id": holder, "to_company_id": other});
    let other_relation = app
        .call(Method::POST, &path, &other_relation)
        .await
        .expect(201);
    let one = format!("{path}/{}", other_relation.id());
    let moved = app
        .call(Method::PATCH, &one, &json!({"to_company_id": main}))
        .await;
    assert_explains_merge(&moved.expect(400), "/to_company_id");
}
