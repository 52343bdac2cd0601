//! Companies, individuals and relations of a stored case.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse};

async fn post(app: &TestApp, path: &str, body: Value) -> TestResponse {
    app.call(Method::POST, path, &body).await
}

async fn patch(app: &TestApp, path: &str, body: Value) -> TestResponse {
    app.call(Method::PATCH, path, &body).await
}

fn fields_without<'b>(body: &'b Value, names: &[&str]) -> Vec<(&'b String, &'b Value)> {
    let fields = body.as_object().expect("an object").iter();
    fields
        .filter(|(name, _)| !names.contains(&name.as_str()))
        .collect()
}

#[tokio::test]
async fn links_individuals_to_a_main_company_that_is_added_later() {
    let app = TestApp::start().await;
    let case = app.create(&json!({"name": "A"})).await.id();
    let ada = json!({"case_id": case, "first_name": "Ada", "last_name": "A",
        "roles": ["shareholder", "beneficial_owner"], "ownership_percentage": 60});
    let ada = post(&app, "/v1/individuals", ada).await.expect(201);
    let location = ada.headers["location"]
        .to_str()
        .expect("a readable value")
        .to_owned();
    assert_eq!(location, format!("/v1/individuals/{}", ada.id()));
    assert_eq!(ada.etag(), "\"2\"");
    assert_eq!(ada.body["roles"], json!(["shareholder"]));
    assert_eq!(ada.body["is_beneficial_owner"], true);
    assert_eq!(ada.body["relations"], json!([]));
    let bo = json!({"case_id": case, "first_name": "Bo", "last_name": ""});
    let bo = post(&app, "/individuals", bo).await.expect(201);
    let main = json!({"case_id": case, "name": "Main SAS", "country": "fr"});
    let main = post(&app, "/companies", main).await.expect(201);
    assert_eq!(main.body["type"], "main");
    let read = app.get(&location).await.expect(200);
    assert_eq!(read.etag(), main.etag());
    assert_eq!(read.body["relations"][0]["to_company_id"], main.body["id"]);
    assert_eq!(read.body["relations"][0]["ownership_percentage"], 60);
    assert_eq!(read.body["ownership_percentage"], 60);
    let read = app
        .get(&format!("/individuals/{}", bo.id()))
        .await
        .expect(200);
    assert_eq!(read.body["relations"], json!([]));
    let read = app.get(&format!("/cases/{case}")).await.expect(200);
    assert_eq!(read.etag(), "\"4\"");
    assert_eq!(read.body["individuals"].as_array().map(Vec::len), Some(2));
    assert_eq!(read.body["companies"][0], main.body);
    let second = json!({"case_id": case, "name": "Second"});
    let second = post(&app, "/companies", second).await.expect(400);
    assert_eq!(second.errors(), [("/type", "main_company_repeated")]);
}

#[tokio::test]
async fn creates_reads_changes_and_deletes_a_company() {
    let app = TestApp::start().await;
    let case = app
        .create(&json!({"name": "A", "companies": [{"name": "Main"}]}))
        .await;
    let main = case.body["companies"][0]["id"].clone();
    let body = json!({"case_id": case.id(), "name": "Holding", "type": "affiliated",
        "registration_number": "123", "registration_date": "2001-02-03", "status": "live",
        "address": {"city": "Paris", "country": "FR"}, "website_url": "https://example.com",
        "banking_information": {"iban": "FR7630006000011234567890189", "bic": "BNPAFRPP"},
        "classifications": [{"type": "nace", "code": "62.01"}],
        "custom_properties": {"note": "x", "risk_score": 1},
        "relations": [{"roles": ["shareholder"], "ownership_percentage": 12.5}]});
    let created = post(&app, "/companies", body).await.expect(201);
    assert_eq!(created.body["relations"][0]["to_company_id"], main);
    let path = format!("/companies/{}", created.id());
    assert_eq!(app.get(&path).await.expect(200).body, created.body);
    let unchanged = patch(
        &app,
        &path,
        json!({"address": {}, "banking_information": []}),
    )
    .await
    .expect(200);
    let moved = ["updated_at", "last_activity_at"];
    assert_eq!(
        fields_without(&unchanged.body, &moved),
        fields_without(&created.body, &moved)
    );
    let changed = json!({"name": "Holding 2", "registration_number": null, "country": "gb",
        "address": {"street_address2": "Floor 2", "city": null}, "classifications": null,
        "banking_information": {"bic": null}, "website_url": "",
        "custom_properties": {"note": null, "is_regulated": true}});
    let changed = patch(&app, &path, changed).await.expect(200);
    assert_eq!(changed.body["name"], "Holding 2");
    assert_eq!(changed.body["registration_number"], Value::Null);
    assert_eq!(changed.body["registration_date"], "2001-02-03");
    assert_eq!(changed.body["country"], "GB");
    assert_eq!(changed.body["status"], "live");
    assert_eq!(changed.body["website_url"], Value::Null);
    assert_eq!(changed.body["classifications"], json!([]));
    let address = json!({"street_address": null, "street_address_2": "Floor 2",
        "postal_code": null, "city": null, "state": null, "region": null, "country": "FR"});
    assert_eq!(changed.body["address"], address);
    let bank = json!({"iban": "FR7630006000011234567890189", "bic": null});
    assert_eq!(changed.body["banking_information"], bank);
    assert_eq!(changed.body["custom_properties"]["risk_score"], 1);
    assert_eq!(changed.body["custom_properties"]["note"], Value::Null);
    assert_eq!(app.get(&path).await.expect(200).body, changed.body);
    let cleared = json!({"address": null, "banking_information": null});
    let cleared = patch(&app, &path, cleared).await.expect(200);
    assert_eq!(cleared.body["address"]["country"], Value::Null);
    assert_eq!(cleared.body["banking_information"]["iban"], Value::Null);
    let refused = json!({"name": null, "type": "main", "country": "UK", "ref": "x",
        "custom_properties": {"retired": 1}, "banking_information": {"iban": "x"}});
    let refused = patch(&app, &path, refused).await.expect(400);
    let mut found = refused.errors();
    found.sort_unstable();
    let expected = [
        ("/banking_information/iban", "format"),
        ("/country", "country"),
        ("/custom_properties/retired", "custom_property_archived"),
        ("/name", "required"),
        ("/ref", "unknown_field"),
        ("/type", "unknown_field"),
    ];
    assert_eq!(found, expected);
    let tag = cleared.etag();
    app.call_if_match(Method::DELETE, &path, "\"1\"", &json!({}))
        .await
        .expect(412);
    app.call_if_match(Method::DELETE, &path, &tag, &json!({}))
        .await
        .expect(204);
    app.get(&path).await.expect(404);
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(404);
}

#[tokio::test]
async fn changes_an_individual_with_its_relation_to_the_main_company() {
    let app = TestApp::start().await;
    let case = app
        .create(
            &json!({"name": "A", "companies": [{"name": "Main"}], "individuals": [
            {"first_name": "Ada", "last_name": "A", "email": "ada@example.com",
             "is_signatory": true, "nationalities": ["FR"], "banking_information":
             {"iban": "FR7630006000011234567890189"}}]}),
        )
        .await;
    let main = case.body["companies"][0]["id"].clone();
    let ada = case.body["individuals"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/individuals/{ada}");
    assert_eq!(case.body["individuals"][0]["relations"], json!([]));
    let shorthand = json!({"position": "CEO", "roles": ["legal_representative"]});
    let changed = patch(&app, &path, shorthand).await.expect(200);
    assert_eq!(changed.body["relations"][0]["to_company_id"], main);
    assert_eq!(changed.body["relations"][0]["position"], "CEO");
    let more = json!({"position": null, "ownership_percentage": 10, "is_signatory": null,
        "nationalities": null, "phone_number": "+33 6 12 34 56 78", "gender": "female"});
    let changed = patch(&app, &path, more).await.expect(200);
    assert_eq!(changed.body["relations"].as_array().map(Vec::len), Some(1));
    assert_eq!(changed.body["position"], Value::Null);
    assert_eq!(changed.body["roles"], json!(["legal_representative"]));
    assert_eq!(changed.body["ownership_percentage"], 10);
    assert_eq!(changed.body["is_signatory"], true);
    assert_eq!(changed.body["nationalities"], Value::Null);
    assert_eq!(changed.body["phone_number"], "+33612345678");
    assert_eq!(app.get(&path).await.expect(200).body, changed.body);

    for empty in [json!({}), json!([]), json!({"bic": null})] {
        let body = json!({"banking_information": empty});
        let unchanged = patch(&app, &path, body).await.expect(200);
        let bank = json!({"iban": "FR7630006000011234567890189", "bic": null});
        assert_eq!(unchanged.body["banking_information"], bank);
    }
    let changed = app.get(&path).await.expect(200);

    // Rules over several fields apply to the resulting individual.
    for (body, errors) in [
        (
            json!({"email": null}),
            &[
                ("/is_signatory", "email_required"),
                ("/email", "email_required"),
            ][..],
        ),
        (
            json!({"is_delegator": true}),
            &[
                ("/is_delegator", "delegator_and_signatory"),
                ("/is_signatory", "delegator_and_signatory"),
            ],
        ),
        (
            json!({"first_name": " ", "last_name": ""}),
            &[("/first_name", "blank"), ("/last_name", "blank")],
        ),
    ] {
        let refused = patch(&app, &path, body).await.expect(400);
        let mut found = refused.errors();
        let mut expected = errors.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
    let listed = app.get("/individuals?email.ilike=ADA%25").await.expect(200);
    let row = &listed.body["data"][0];
    for (name, value) in row.as_object().expect("an object") {
        assert_eq!(value, &changed.body[name], "{name}");
    }
    assert_eq!(row.get("custom_properties"), None);
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    let read = app.get(&format!("/cases/{}", case.id())).await.expect(200);
    assert_eq!(read.body["individuals"], json!([]));
}

#[tokio::test]
async fn validates_relations_of_a_stored_case() {
    let app = TestApp::start().await;
    let case = app
        .create(&json!({"name": "A", "companies": [{"name": "Main"},
            {"name": "B", "type": "affiliated"}], "individuals": [
            {"first_name": "C", "last_name": "D"}]}))
        .await;
    let id = |array: &str, index: usize| case.body[array][index]["id"].clone();
    let (main, b, c) = (id("companies", 0), id("companies", 1), id("individuals", 0));
    let path = format!("/cases/{}/relations", case.id());
    let new = json!({"from_individual_id": c, "roles": ["shareholder"],
        "ownership_percentage": 5, "position": "Owner"});
    let created = post(&app, &path, new).await.expect(201);
    assert_eq!(created.etag(), "\"2\"");
    let expected = json!({"from_company_id": null, "from_individual_id": c, "to_company_id": main,
        "id": created.body["id"], "roles": ["shareholder"], "position": "Owner",
        "ownership_percentage": 5, "voting_rights_percentage": null,
        "created_at": created.body["created_at"], "updated_at": created.body["updated_at"]});
    assert_eq!(created.body, expected);
    let other_case = app
        .create(&json!({"name": "E", "companies": [{"name": "E"}]}))
        .await;
    let foreign = other_case.body["companies"][0]["id"].clone();
    for (body, error) in [
        (
            json!({"from_individual_id": c}),
            ("/to_company_id", "relation_duplicate"),
        ),
        (
            json!({"from_company_id": main}),
            ("/to_company_id", "relation_to_self"),
        ),
        (
            json!({"from_company_id": foreign}),
            ("/from_company_id", "company_not_found"),
        ),
        (
            json!({"from_company_id": b, "to_company_id": foreign}),
            ("/to_company_id", "company_not_found"),
        ),
        (
            json!({"from_individual_id": b}),
            ("/from_individual_id", "individual_not_found"),
        ),
    ] {
        let refused = post(&app, &path, body).await.expect(400);
        assert_eq!(refused.errors(), [error]);
    }
    let both = json!({"from_individual_id": c, "from_company_id": b, "roles": ["ceo"]});
    let both = post(&app, &path, both).await.expect(400);
    assert_eq!(both.errors().len(), 3);
    let neither = post(&app, &path, json!({})).await.expect(400);
    assert_eq!(neither.errors().len(), 2);

    let one = format!("{path}/{}", created.id());
    let moved = json!({"to_company_id": b, "position": null, "voting_rights_percentage": 7});
    let moved = patch(&app, &one, moved).await.expect(200);
    assert_eq!(moved.body["to_company_id"], b);
    assert_eq!(moved.body["position"], Value::Null);
    assert_eq!(moved.body["ownership_percentage"], 5);
    assert_eq!(moved.body["voting_rights_percentage"], 7);
    post(&app, &path, json!({"from_individual_id": c}))
        .await
        .expect(201);
    let back = patch(&app, &one, json!({"to_company_id": main}))
        .await
        .expect(400);
    assert_eq!(back.errors(), [("/to_company_id", "relation_duplicate")]);
    patch(&app, &one, json!({"to_company_id": b}))
        .await
        .expect(200);
    app.call(Method::DELETE, &one, &json!({})).await.expect(204);
    app.call(Method::DELETE, &one, &json!({})).await.expect(404);
    patch(&app, &one, json!({})).await.expect(404);
    let foreign_path = format!("/cases/{}/relations/{}", other_case.id(), created.id());
    app.call(Method::DELETE, &foreign_path, &json!({}))
        .await
        .expect(404);
}

#[tokio::test]
async fn concurrent_writers_cannot_violate_the_rules_of_the_graph() {
    let app = TestApp::start().await;
    let case = app
        .create(&json!({"name": "A", "individuals": [
        {"first_name": "C", "last_name": "D"}]}))
        .await;
    let body = json!({"case_id": case.id(), "name": "Main"});
    let responses = (0..20).map(|_| post(&app, "/companies", body.clone()));
    let responses = futures_util::future::join_all(responses).await;
    let main: Vec<_> = responses.iter().filter(|it| it.status == 201).collect();
    assert_eq!(main.len(), 1);
    for refused in responses.iter().filter(|it| it.status != 201) {
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert_eq!(refused.errors(), [("/type", "main_company_repeated")]);
    }
    let path = format!("/cases/{}/relations", case.id());
    let body = json!({"from_individual_id": case.body["individuals"][0]["id"]});
    let responses = (0..20).map(|_| post(&app, &path, body.clone()));
    let responses = futures_util::future::join_all(responses).await;
    let mut statuses: Vec<_> = responses.iter().map(|it| it.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1]), (201, 400));
    let read = app.get(&format!("/cases/{}", case.id())).await.expect(200);
    assert_eq!(read.etag(), "\"3\"");
    assert_eq!(
        read.body["individuals"][0]["relations"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn hides_irrelevant_entities_unless_requested() {
    let app = TestApp::start().await;
    let case = app
        .create(&json!({"name": "A", "companies": [{"name": "Main"}],
            "individuals": [{"first_name": "C", "last_name": "D"}]}))
        .await;
    let path = format!("/cases/{}", case.id());
    for (kind, array) in [("companies", "companies"), ("individuals", "individuals")] {
        let id = case.body[array][0]["id"].as_str().expect("an id");
        let set = format!("/{kind}/{id}/set-relevant");
        let off = post(&app, &set, json!({"is_relevant": false}))
            .await
            .expect(200);
        assert_eq!(off.body["is_relevant"], false);
        assert_eq!(app.get(&path).await.expect(200).body[array], json!([]));
        let all = app
            .get(&format!("{path}?include_not_relevant=true"))
            .await
            .expect(200);
        assert_eq!(all.body[array][0]["is_relevant"], false);
        post(&app, &set, json!({"is_relevant": true}))
            .await
            .expect(200);
        let refused = post(&app, &set, json!({"is_relevant": "yes"}))
            .await
            .expect(400);
        assert_eq!(refused.errors(), [("/is_relevant", "type")]);
        let refused = post(&app, &set, json!({})).await.expect(400);
        assert_eq!(refused.errors(), [("/is_relevant", "required")]);
    }
    app.get(&format!("{path}?include_not_relevant=maybe"))
        .await
        .expect(400);
}

#[tokio::test]
async fn returns_case_not_found_for_an_unknown_case() {
    let app = TestApp::start().await;
    let unknown = "0198a000-0000-4000-8000-00000000ffff";
    for (path, body) in [
        ("/companies", json!({"case_id": unknown, "name": "A"})),
        (
            "/individuals",
            json!({"case_id": unknown, "first_name": "A", "last_name": "B"}),
        ),
    ] {
        let missing = post(&app, path, body).await.expect(404);
        assert_eq!(missing.errors(), [("/case_id", "case_not_found")]);
        let body = json!({"case_id": unknown, "nmae": "A",
            "relations": [{"to_company_id": "x"}]});
        let refused = post(&app, path, body).await.expect(400);
        let found = refused.errors();
        for error in [
            ("/case_id", "case_not_found"),
            ("/nmae", "unknown_field"),
            ("/relations/0/to_company_id", "format"),
        ] {
            assert!(found.contains(&error), "{error:?} in {found:?}");
        }
    }
}
