//! Tags, templates, custom properties, users and spaces of a workspace.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse};

const ADA: &str = "0198a000-0000-4000-8000-000000000301";

async fn post(app: &TestApp, path: &str, body: Value) -> TestResponse {
    app.call(Method::POST, path, &body).await
}

async fn patch(app: &TestApp, path: &str, body: Value) -> TestResponse {
    app.call(Method::PATCH, path, &body).await
}

async fn names(app: &TestApp, path: &str, name: &str) -> Vec<String> {
    let listed = app.get(path).await.expect(200);
    let data = listed.body["data"].as_array().expect("data").iter();
    data.map(|row| row[name].as_str().expect("a string").to_owned())
        .collect()
}

/// Asserts that GET on the location returns the created object.
async fn assert_readable(app: &TestApp, created: &TestResponse) -> String {
    let location = created.headers["location"]
        .to_str()
        .expect("a string")
        .to_owned();
    assert_eq!(app.get(&location).await.expect(200).body, created.body);
    location
}

#[tokio::test]
async fn tag_labels_are_unique_regardless_of_case_and_renamed_in_cases() {
    let app = TestApp::start().await;
    let created = post(&app, "/v1/tags", json!({"label": "Dormant"}))
        .await
        .expect(201);
    let mut fields: Vec<_> = created
        .body
        .as_object()
        .expect("an object")
        .keys()
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["created_at", "id", "label"]);
    let path = assert_readable(&app, &created).await;
    let case = app
        .create(&json!({"name": "A", "tags": ["dormant"]}))
        .await
        .id();
    for label in ["DORMANT", "vip"] {
        let conflict = post(&app, "/tags", json!({"label": label}))
            .await
            .expect(409);
        assert_eq!(conflict.errors(), [("/label", "duplicate_value")]);
    }
    patch(&app, &path, json!({"label": "VIP"}))
        .await
        .expect(409);
    let renamed = patch(&app, &path, json!({"label": "dormant since 2020"}))
        .await
        .expect(200);
    assert_eq!(renamed.body["id"], created.body["id"]);
    let read = app.get(&format!("/cases/{case}")).await.expect(200);
    assert_eq!(read.body["tags"], json!(["dormant since 2020"]));
    for (label, code) in [
        (json!("a|b"), "character"),
        (json!("x".repeat(101)), "length"),
        (json!(7), "type"),
        (Value::Null, "required"),
    ] {
        let refused = post(&app, "/tags", json!({"label": label}))
            .await
            .expect(400);
        assert_eq!(refused.errors(), [("/label", code)]);
    }
    let found = names(&app, "/tags?label.ilike=%25RISK&sort=label", "label").await;
    assert_eq!(found, ["High risk", "Low risk"]);
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(404);
    let read = app.get(&format!("/cases/{case}")).await.expect(200);
    assert_eq!(read.body["tags"], json!([]));
}

#[tokio::test]
async fn a_workspace_has_at_most_200_tags() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    let filled = sqlx::query(
        "INSERT INTO tags (workspace_id, id, label, folded_label)
         SELECT '0198a000-0000-4000-8000-000000000001', gen_random_uuid(), i::text, i::text
         FROM generate_series(1, 190) AS i",
    );
    filled.execute(&mut connection).await.expect("tags");
    // With the three tags of the sandbox, seven more are allowed.
    let responses = (0..20).map(|it| {
        let label = format!("New {it}");
        let app = &app;
        async move { post(app, "/tags", json!({"label": label})).await }
    });
    let responses = futures_util::future::join_all(responses).await;
    assert_eq!(responses.iter().filter(|it| it.status == 201).count(), 7);
    for refused in responses.iter().filter(|it| it.status != 201) {
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert_eq!(refused.errors(), [("", "too_many")]);
    }
}

#[tokio::test]
async fn suspended_users_keep_their_cases() {
    let app = TestApp::start().await;
    let body = json!({"first_name": "Cy", "last_name": "C", "email": "cy@example.com",
        "role": "officer"});
    let created = post(&app, "/users", body.clone()).await.expect(201);
    let path = assert_readable(&app, &created).await;
    assert_eq!(created.body["suspended_at"], Value::Null);
    let conflict = post(&app, "/users", body).await.expect(409);
    assert_eq!(conflict.errors(), [("/email", "duplicate_value")]);
    let case = json!({"name": "A", "assignee_id": created.body["id"]});
    let assigned = app.create(&case).await;
    let suspended = patch(&app, &path, json!({"suspended": true}))
        .await
        .expect(200);
    assert!(suspended.body["suspended_at"].is_string());
    let refused = post(&app, "/cases", case).await.expect(400);
    assert_eq!(refused.errors(), [("/assignee_id", "assignee_suspended")]);
    let read = app
        .get(&format!("/cases/{}", assigned.id()))
        .await
        .expect(200);
    assert_eq!(read.body["assignee"]["first_name"], "Cy");
    assert_eq!(names(&app, "/users", "first_name").await.len(), 2);
    assert_eq!(
        names(&app, "/users?include_suspended=true", "first_name")
            .await
            .len(),
        4
    );
    let back = json!({"suspended": false, "role": "lead"});
    let back = patch(&app, &path, back).await.expect(200);
    assert_eq!(back.body["suspended_at"], Value::Null);
    assert_eq!(back.body["role"], "lead");
    let refused = json!({"first_name": null, "email": "nobody", "id": "x"});
    let refused = patch(&app, &path, refused).await.expect(400);
    assert_eq!(refused.errors().len(), 3);
}

#[tokio::test]
async fn creates_spaces_and_assigns_cases_to_them() {
    let app = TestApp::start().await;
    let created = post(&app, "/spaces", json!({"name": "France"}))
        .await
        .expect(201);
    let slug = created.body["slug"].as_str().expect("a slug");
    let case = app.create(&json!({"name": "A", "space_slug": slug})).await;
    assert_eq!(case.body["space_slug"], slug);
    let conflict = json!({"name": "Again", "slug": slug});
    let conflict = post(&app, "/spaces", conflict).await.expect(409);
    assert_eq!(conflict.errors(), [("/slug", "duplicate_value")]);
    let refused = post(&app, "/spaces", json!({"slug": "france"}))
        .await
        .expect(400);
    assert_eq!(
        refused.errors(),
        [("/slug", "format"), ("/name", "required")]
    );
    let all = names(&app, "/spaces?sort=name", "name").await;
    assert_eq!(all, ["France", "Sandbox space"]);
    app.get("/spaces?cursor=").await.expect(400);
}

#[tokio::test]
async fn creates_changes_and_archives_custom_properties() {
    let app = TestApp::start().await;
    let body = json!({"key": "turnover", "label": "Turnover", "type": "numeric",
        "settings": {"min": 0, "format": "currency", "currency_code": "EUR"}});
    let created = post(&app, "/custom-properties/company", body.clone())
        .await
        .expect(201);
    assert_eq!(
        created.headers["location"],
        "/custom-properties/company/turnover"
    );
    let path = assert_readable(&app, &created).await;
    let settings = json!({"format": "currency", "min": 0, "max": null, "currency_code": "EUR"});
    assert_eq!(created.body["settings"], settings);
    assert_eq!(created.body["target_entity"], "company");
    let conflict = post(&app, "/custom-properties/company", body.clone())
        .await
        .expect(409);
    assert_eq!(conflict.errors(), [("/key", "duplicate_value")]);
    post(&app, "/custom-properties/individual", body)
        .await
        .expect(201);
    let case = json!({"name": "A", "companies": [
        {"name": "B", "custom_properties": {"turnover": -1}}]});
    let refused = post(&app, "/cases", case.clone()).await.expect(400);
    let pointer = "/companies/0/custom_properties/turnover";
    assert_eq!(refused.errors(), [(pointer, "range")]);
    let changed = json!({"label": "Result", "settings": {"min": -10}});
    let changed = patch(&app, &path, changed).await.expect(200);
    assert_eq!(changed.body["label"], "Result");
    assert_eq!(
        changed.body["settings"]["format"], "currency",
        "absent settings are kept"
    );
    for settings in [json!({"max": -11}), json!({"min": 1e300})] {
        let refused = patch(&app, &path, json!({"settings": settings}))
            .await
            .expect(400);
        assert_eq!(refused.body["errors"][0]["code"], "range");
    }
    let currency = json!({"settings": {"currency_code": "USD"}});
    let changed = patch(&app, &path, currency).await.expect(200);
    assert_eq!(changed.body["settings"]["currency_code"], "USD");
    let number = json!({"settings": {"format": "number"}});
    let refused = patch(&app, &path, number).await.expect(400);
    assert_eq!(
        refused.errors(),
        [("/settings/currency_code", "unknown_field")]
    );
    let created = app.create(&case).await;
    assert_eq!(
        created.body["companies"][0]["custom_properties"]["turnover"],
        -1
    );
    let refused = json!({"type": "text", "key": "x", "options": [{"key": "a", "label": "A"}]});
    let refused = patch(&app, &path, refused).await.expect(400);
    assert_eq!(refused.errors().len(), 3);
    patch(&app, &path, json!({"archived": true}))
        .await
        .expect(200);
    let refused = post(&app, "/cases", case).await.expect(400);
    assert_eq!(refused.errors(), [(pointer, "custom_property_archived")]);
    let read = app
        .get(&format!("/cases/{}", created.id()))
        .await
        .expect(200);
    assert_eq!(
        read.body["companies"][0]["custom_properties"].get("turnover"),
        None
    );
    let list = "/custom-properties/company";
    assert_eq!(names(&app, list, "key").await.len(), 9);
    let all = format!("{list}?include_archived=true&sort=key");
    assert_eq!(names(&app, &all, "key").await.len(), 11);

    let choices = app
        .get("/custom-properties/case/products")
        .await
        .expect(200);
    assert_eq!(
        choices.body["options"][0],
        json!({"key": "cards", "label": "Cards"})
    );
    let options = json!({"options": [{"key": "funds", "label": "Funds"},
        {"key": "cards", "label": "Credit cards"}]});
    let changed = patch(&app, "/custom-properties/case/products", options)
        .await
        .expect(200);
    assert_eq!(changed.body["options"][1]["label"], "Credit cards");
    let text = app.get("/custom-properties/case/note").await.expect(200);
    assert_eq!(text.body["settings"], json!({"is_multi_line": true}));
    assert_eq!(text.body.get("options"), None);
    let date = app
        .get("/custom-properties/case/onboarded_on")
        .await
        .expect(200);
    assert_eq!(date.body.get("settings"), None);
    for path in [
        "/custom-properties/planet",
        "/custom-properties/case/nothing",
    ] {
        app.get(path).await.expect(404);
    }
}

#[tokio::test]
async fn template_defaults_apply_to_absent_fields() {
    let app = TestApp::start().await;
    let draft = json!({"name": "A", "status": "draft", "template_key": "kyb_strict"});
    let filled = app.create(&draft).await;
    assert_eq!(filled.body["tags"], json!(["High risk"]));
    assert_eq!(filled.body["assignee_id"], ADA);
    assert_eq!(filled.body["custom_properties"]["risk_score"], 50);
    assert_eq!(filled.body["template"]["key"], "kyb_strict");
    let explicit = json!({"name": "A", "status": "draft", "template_key": "kyb_strict", "tags": ["VIP"],
        "assignee_id": "0198a000-0000-4000-8000-000000000302",
        "custom_properties": {"risk_score": null, "note": "x"}});
    let explicit = app.create(&explicit).await;
    assert_eq!(explicit.body["tags"], json!(["VIP"]));
    assert_eq!(
        explicit.body["assignee_id"],
        "0198a000-0000-4000-8000-000000000302"
    );
    assert_eq!(
        explicit.body["custom_properties"]["risk_score"],
        Value::Null
    );

    patch(&app, &format!("/users/{ADA}"), json!({"suspended": true}))
        .await
        .expect(200);
    let refused = post(&app, "/cases", draft).await.expect(400);
    assert_eq!(refused.errors(), [("/template_key", "assignee_suspended")]);
    let by_id = json!({"name": "A", "status": "draft",
        "template_id": "0198a000-0000-4000-8000-000000000103"});
    let refused = post(&app, "/cases", by_id).await.expect(400);
    assert_eq!(refused.errors(), [("/template_id", "assignee_suspended")]);
}

#[tokio::test]
async fn open_cases_must_meet_the_requirements_of_their_template() {
    let app = TestApp::start().await;
    let body = json!({"name": "A", "template_key": "kyb_strict", "companies": [
            {"name": "B", "country": "FR", "registration_number": 7},
            {"name": "C", "type": "affiliated"}],
        "individuals": [{"first_name": "D", "last_name": "E"}]});
    let refused = post(&app, "/cases", body.clone()).await.expect(400);
    let mut found = refused.errors();
    found.sort_unstable();
    let expected = [
        ("/companies/0/registration_number", "type"),
        ("/companies/1/country", "required_by_template"),
        ("/companies/1/registration_number", "required_by_template"),
        ("/external_id", "required_by_template"),
        ("/individuals/0/birth_date", "required_by_template"),
    ];
    assert_eq!(found, expected);
    let draft = json!({"name": "A", "template_key": "kyb_strict", "status": "draft",
        "companies": [{"name": "B", "country": "FR"}]});
    let draft = app.create(&draft).await;
    let path = format!("/cases/{}", draft.id());
    let refused = patch(&app, &path, json!({"status": "open"}))
        .await
        .expect(400);
    let mut found = refused.errors();
    found.sort_unstable();
    let expected = [
        ("/companies/0/registration_number", "required_by_template"),
        ("/external_id", "required_by_template"),
    ];
    assert_eq!(found, expected);
    let company = draft.body["companies"][0]["id"].as_str().expect("an id");
    let number = json!({"registration_number": "123"});
    patch(&app, &format!("/companies/{company}"), number)
        .await
        .expect(200);
    // An archived template still applies to the cases that have it.
    let template = "/templates/0198a000-0000-4000-8000-000000000103";
    patch(&app, template, json!({"archived": true}))
        .await
        .expect(200);
    let refused = patch(&app, &path, json!({"status": "open"}))
        .await
        .expect(400);
    assert_eq!(refused.errors(), [("/external_id", "required_by_template")]);
    let archived = json!({"name": "A", "template_key": "kyb_strict"});
    let refused = post(&app, "/cases", archived).await.expect(400);
    let message = refused.body["errors"][0]["message"]
        .as_str()
        .expect("a message");
    assert!(message.contains("is archived"), "{message}");
    let opened = json!({"status": "open", "external_id": "x"});
    let opened = patch(&app, &path, opened).await.expect(200);
    assert_eq!(opened.body["status"], "open");
}

#[tokio::test]
async fn creates_changes_and_archives_templates() {
    let app = TestApp::start().await;
    let body = json!({"key": "mine", "name": "Mine", "description": "Of my own",
        "defaults": {"tags": ["vip"], "assignee_id": ADA, "custom_properties": {"note": "n"}},
        "required": ["external_id", "individuals[].address.city"]});
    let created = post(&app, "/templates", body).await.expect(201);
    let path = assert_readable(&app, &created).await;
    let tags = json!(["0198a000-0000-4000-8000-000000000203"]);
    assert_eq!(created.body["defaults"]["tags"], tags);
    assert_eq!(created.body["case_auto_approval"], false);
    let invalid = json!({"key": "a b", "required": ["external_id", "external_idd", "external_id"],
        "defaults": {"tags": ["VPI"], "assignee_id": "0198a000-0000-4000-8000-000000000303",
        "custom_properties": {"retired": 1, "risk_score": 101}, "space": "x"}});
    let refused = post(&app, "/templates", invalid).await.expect(400);
    let mut found = refused.errors();
    found.sort_unstable();
    let expected = [
        ("/defaults/assignee_id", "assignee_suspended"),
        (
            "/defaults/custom_properties/retired",
            "custom_property_archived",
        ),
        ("/defaults/custom_properties/risk_score", "range"),
        ("/defaults/space", "unknown_field"),
        ("/defaults/tags/0", "tag_not_found"),
        ("/key", "format"),
        ("/name", "required"),
        ("/required/1", "choice"),
        ("/required/2", "duplicate_value"),
    ];
    assert_eq!(found, expected);
    let unknown = json!({"key": "x", "name": "X", "required": ["external_id",
        "custom_properties.risk_scor", "individuals[].custom_properties.retired"]});
    let refused = post(&app, "/templates", unknown).await.expect(400);
    let expected = [
        ("/required/1", "custom_property_not_found"),
        ("/required/2", "custom_property_archived"),
    ];
    assert_eq!(refused.errors(), expected);
    let conflict = json!({"key": "mine", "name": "Again"});
    let conflict = post(&app, "/templates", conflict).await.expect(409);
    assert_eq!(conflict.errors(), [("/key", "duplicate_value")]);
    let changed = json!({"description": null, "defaults": null, "required": []});
    let changed = patch(&app, &path, changed).await.expect(200);
    assert_eq!(changed.body["description"], Value::Null);
    assert_eq!(changed.body["required"], json!([]));
    assert_eq!(changed.body["defaults"]["tags"], json!([]));
    app.create(&json!({"name": "A", "template_key": "mine"}))
        .await;
    patch(&app, &path, json!({"archived": true}))
        .await
        .expect(200);
    let refused = json!({"name": "A", "template_key": "mine"});
    let refused = post(&app, "/cases", refused).await.expect(400);
    assert_eq!(refused.errors(), [("/template_key", "template_not_found")]);
    assert_eq!(names(&app, "/templates", "key").await.len(), 3);
    let all = "/templates?include_archived=true&case_auto_approval=false&name.like=M%25";
    assert_eq!(names(&app, all, "key").await, ["mine"]);
}

#[tokio::test]
async fn concurrent_changes_of_a_user_do_not_undo_each_other() {
    let app = TestApp::start().await;
    let path = format!("/users/{ADA}");
    for round in 0..10 {
        let suspended = round % 2 == 0;
        let role = format!("role {round}");
        let (one, two) = tokio::join!(
            patch(&app, &path, json!({"suspended": suspended})),
            patch(&app, &path, json!({"role": role})),
        );
        one.expect(200);
        two.expect(200);
        let read = app.get(&path).await.expect(200);
        assert_eq!(read.body["role"], role);
        assert_eq!(
            read.body["suspended_at"].is_string(),
            suspended,
            "round {round}"
        );
    }
}
