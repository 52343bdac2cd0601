//! Several relations between one holder and one company: refused, and said how they go into one.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse};

#[track_caller]
fn says_how(refused: &TestResponse, pointer: &str) {
    assert_eq!(refused.errors(), [(pointer, "relation_duplicate")]);
    let message = refused.body["errors"][0]["message"].as_str().expect("one");
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
async fn a_second_relation_says_how_both_go_into_one_at_every_door() {
    let app = TestApp::start().await;
    let director = json!({"roles": ["legal_representative"], "position": "Director"});
    let shareholder = json!({"roles": ["shareholder"], "ownership_percentage": 40.0});
    let person =
        |relations: Value| json!({"first_name": "C", "last_name": "D", "relations": relations});
    let of = |person: Value| {
        json!({"name": "A", "companies": [{"name": "B"}, {"name": "S", "type": "affiliated"}],
            "individuals": [person]})
    };
    let twice = of(person(json!([director, shareholder])));
    let refused = app.call(Method::POST, "/cases", &twice).await.expect(400);
    says_how(&refused, "/individuals/0/relations/1");
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

    let joined = json!([{"roles": ["legal_representative", "shareholder"],
        "position": "Director; Chair", "ownership_percentage": 40.0}]);
    let case = app.create(&of(person(joined))).await;
    let holder = case.body["individuals"][0]["id"].clone();
    let [main, other] = [0, 1].map(|it| case.body["companies"][it]["id"].clone());
    let second =
        json!({"from_individual_id": holder, "to_company_id": main, "roles": ["shareholder"]});
    let path = format!("/cases/{}/relations", case.id());
    let refused = app.call(Method::POST, &path, &second).await.expect(400);
    says_how(&refused, "/to_company_id");
    let mut added = person(json!([{"to_company_id": main}, {"to_company_id": main}]));
    added["case_id"] = json!(case.id());
    let refused = app
        .call(Method::POST, "/individuals", &added)
        .await
        .expect(400);
    says_how(&refused, "/relations/1");
    let elsewhere = json!({"from_individual_id": holder, "to_company_id": other});
    let elsewhere = app.call(Method::POST, &path, &elsewhere).await.expect(201);
    let one = format!("{path}/{}", elsewhere.id());
    let moved = app
        .call(Method::PATCH, &one, &json!({"to_company_id": main}))
        .await;
    says_how(&moved.expect(400), "/to_company_id");
}
