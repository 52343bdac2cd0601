//! Changes, reviews, tags and deletion of a case.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

async fn patch(app: &TestApp, id: &str, body: Value) -> crate::support::TestResponse {
    app.call(Method::PATCH, &format!("/cases/{id}"), &body)
        .await
}

#[tokio::test]
async fn patch_keeps_absent_fields_clears_null_fields_and_merges_properties() {
    let app = TestApp::start().await;
    let created = app
        .create(
            &json!({"name": "A", "external_id": "one", "template_key": "kyb_standard",
            "assignee_id": "0198a000-0000-4000-8000-000000000301", "status": "draft",
            "metadata": {"a": "1", "b": "2"}, "space_slug": "space_Sandbox00001", "tags": ["VIP"],
            "custom_properties": {"note": "x", "risk_score": 3}}),
        )
        .await;
    let id = created.id();
    assert_eq!(created.etag(), "\"1\"");
    let unchanged = patch(&app, "one", json!({})).await.expect(200);
    assert_eq!(unchanged.etag(), "\"2\"");
    for field in [
        "name",
        "status",
        "external_id",
        "template",
        "assignee_id",
        "metadata",
        "tags",
        "custom_properties",
        "space_slug",
        "created_at",
    ] {
        assert_eq!(unchanged.body[field], created.body[field], "{field}");
    }
    let changed = json!({"name": "B", "external_id": null, "template_id": null,
        "assignee_id": "0198a000-0000-4000-8000-000000000302", "status": "open",
        "metadata": {"c": "3"}, "custom_properties": {"note": null, "is_regulated": true}});
    let changed = patch(&app, &id, changed).await.expect(200);
    assert_eq!(changed.body["name"], "B");
    assert_eq!(changed.body["status"], "open");
    assert_eq!(changed.body["external_id"], Value::Null);
    assert_eq!(changed.body["template"], Value::Null);
    assert_eq!(
        changed.body["assignee_id"],
        "0198a000-0000-4000-8000-000000000302"
    );
    assert_eq!(changed.body["metadata"], json!({"c": "3"}));
    let properties = &changed.body["custom_properties"];
    assert_eq!(properties["note"], Value::Null);
    assert_eq!(properties["risk_score"], 3);
    assert_eq!(properties["is_regulated"], true);
    let read = app.get(&format!("/cases/{id}")).await.expect(200);
    assert_eq!(read.etag(), "\"3\"");
    for (field, value) in changed.body.as_object().expect("an object") {
        if field != "assignee_id" {
            assert_eq!(&read.body[field], value, "{field}");
        }
    }
}

#[tokio::test]
async fn patch_returns_all_errors_at_once_and_changes_nothing() {
    let app = TestApp::start().await;
    app.create(&json!({"name": "Taken", "external_id": "taken"}))
        .await;
    let id = app.create(&json!({"name": "A"})).await.id();
    let body = json!({"nmae": "x", "name": null, "status": "approved", "external_id": "taken",
        "template_key": "kyb_standrad", "assignee_id": "0198a000-0000-4000-8000-000000000303",
        "space_slug": "space_Sandbox00001", "metadata": {"a": 1},
        "custom_properties": {"retired": 1, "risk_score": 101}});
    let refused = patch(&app, &id, body).await.expect(400);
    let mut expected = vec![
        ("/nmae", "unknown_field"),
        ("/name", "required"),
        ("/status", "choice"),
        ("/external_id", "external_id_taken"),
        ("/template_key", "template_not_found"),
        ("/assignee_id", "assignee_suspended"),
        ("/space_slug", "unknown_field"),
        ("/metadata/a", "type"),
        ("/custom_properties/retired", "custom_property_archived"),
        ("/custom_properties/risk_score", "range"),
    ];
    // Errors are in the order of the body, which `json!` does not keep.
    let mut found = refused.errors();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    let conflict = patch(&app, &id, json!({"external_id": "taken"})).await;
    let conflict = conflict.expect(409);
    assert_eq!(conflict.errors(), [("/external_id", "external_id_taken")]);
    let back = patch(&app, &id, json!({"status": "draft"}))
        .await
        .expect(409);
    assert_eq!(back.errors(), [("/status", "status_transition")]);
    let read = app.get(&format!("/cases/{id}")).await.expect(200);
    assert_eq!(read.etag(), "\"1\"");
    patch(&app, "nowhere", json!({})).await.expect(404);
}

#[tokio::test]
async fn returns_412_for_another_version() {
    let app = TestApp::start().await;
    let created = app.create(&json!({"name": "A"})).await;
    let path = format!("/cases/{}", created.id());
    let tag = created.etag();
    let body = json!({"name": "B"});
    let changed = app
        .call_if_match(Method::PATCH, &path, &tag, &body)
        .await
        .expect(200);
    let stale = app
        .call_if_match(Method::PATCH, &path, &tag, &body)
        .await
        .expect(412);
    assert_eq!(stale.body["type"], "/problems/precondition-failed");
    app.call_if_match(Method::DELETE, &path, &tag, &json!({}))
        .await
        .expect(412);
    let reviews = format!("{path}/reviews");
    let review = json!({"status": "closed"});
    app.call_if_match(Method::POST, &reviews, &tag, &review)
        .await
        .expect(412);
    let tag = changed.etag();
    let reviewed = app
        .call_if_match(Method::POST, &reviews, &tag, &review)
        .await
        .expect(201);
    let tag = reviewed.etag();
    app.call_if_match(Method::DELETE, &path, &tag, &json!({}))
        .await
        .expect(204);
    app.get(&path).await.expect(404);
}

#[tokio::test]
async fn review_sets_the_status_of_the_case() {
    let app = TestApp::start().await;
    let id = app
        .create(&json!({"name": "A", "status": "draft"}))
        .await
        .id();
    let path = format!("/cases/{id}/reviews");
    let review = async |body: Value| app.call(Method::POST, &path, &body).await;
    let early = review(json!({"status": "approved"})).await.expect(409);
    assert_eq!(early.errors(), [("/status", "status_transition")]);
    patch(&app, &id, json!({"status": "open"}))
        .await
        .expect(200);
    let approved = review(json!({"status": "approved", "comment": "Well known",
        "reviewed_at": "2020-02-03T04:05:06.789+01:00", "next_review_at": "2021-02-03"}));
    let approved = approved.await.expect(201);
    let expected = json!({"id": approved.body["id"], "status": "approved",
        "comment": "Well known", "reviewer_type": "api", "user": null,
        "reviewed_at": "2020-02-03T03:05:06.789Z", "next_review_at": "2021-02-03"});
    assert_eq!(approved.body, expected);
    let read = app.get(&format!("/cases/{id}")).await.expect(200);
    assert_eq!(read.body["status"], "approved");
    assert_eq!(read.body["review"], approved.body);
    let rejected = review(json!({"status": "rejected"})).await.expect(201);
    let listed = app.get("/cases").await.expect(200);
    assert_eq!(listed.body["data"][0]["review"], rejected.body);
    let opened = patch(&app, &id, json!({"status": "open"}))
        .await
        .expect(200);
    assert_eq!(opened.body["review"], Value::Null);
    let read = app.get(&format!("/cases/{id}")).await.expect(200);
    assert_eq!(read.body["review"], Value::Null);

    let invalid = review(
        json!({"status": "closed", "reviewed_at": "2999-01-01T00:00:00Z",
        "next_review_at": "2999-01-01", "note": "x"}),
    );
    let invalid = invalid.await.expect(400);
    let mut found = invalid.errors();
    found.sort_unstable();
    let expected = [
        ("/next_review_at", "mutually_exclusive"),
        ("/note", "unknown_field"),
        ("/reviewed_at", "date_in_future"),
    ];
    assert_eq!(found, expected);
    let missing = review(json!({})).await.expect(400);
    assert_eq!(missing.errors(), [("/status", "required")]);
}

#[tokio::test]
async fn adds_and_removes_tags_by_id_or_label() {
    let app = TestApp::start().await;
    let created = app.create(&json!({"name": "A", "tags": ["VIP"]})).await;
    let path = format!("/cases/{}/tags", created.id());
    let labels = |response: &crate::support::TestResponse| {
        let tags = response.body["tags"].as_array().expect("tags").iter();
        tags.map(|tag| tag["label"].as_str().expect("a label").to_owned())
            .collect::<Vec<_>>()
    };
    let body = json!({"tags": ["high RISK", "0198a000-0000-4000-8000-000000000203"]});
    let added = app.call(Method::POST, &path, &body).await.expect(201);
    assert_eq!(labels(&added), ["VIP", "High risk"]);
    assert_eq!(added.etag(), "\"2\"");
    assert_eq!(app.get(&path).await.expect(200).body, added.body);
    let again = app.call(Method::POST, &path, &body).await.expect(201);
    assert_eq!(again.etag(), "\"2\"", "nothing was changed");
    let body = json!({"tags": ["vip", "Low risk"]});
    let removed = app.call(Method::DELETE, &path, &body).await.expect(200);
    assert_eq!(labels(&removed), ["High risk"]);
    let read = app
        .get(&format!("/cases/{}", created.id()))
        .await
        .expect(200);
    assert_eq!(read.body["tags"], json!(["High risk"]));
    let body = json!({"tags": ["VPI", 7]});
    for method in [Method::POST, Method::DELETE] {
        let refused = app.call(method, &path, &body).await.expect(400);
        assert_eq!(
            refused.errors(),
            [("/tags/0", "tag_not_found"), ("/tags/1", "type")]
        );
    }
    let refused = app.call(Method::POST, &path, &json!({})).await.expect(400);
    assert_eq!(refused.errors(), [("/tags", "required")]);
}

#[tokio::test]
async fn concurrent_writes_to_one_case_are_not_lost() {
    let app = TestApp::start().await;
    let id = app
        .create(&json!({"name": "0", "metadata": {"by": "0"}}))
        .await
        .id();
    let path = format!("/cases/{id}");
    // Each client adds a custom property, a tag or a review, without `If-Match`.
    let properties = ["note", "contact_email", "risk_score", "is_regulated"];
    let values = [json!("x"), json!("a@b"), json!(7), json!(true)];
    let work = (0..20).map(|client| {
        let (app, path) = (&app, &path);
        let property = json!({"custom_properties": {properties[client % 4]: values[client % 4]}});
        async move {
            match client % 3 {
                0 => app.call(Method::PATCH, path, &property).await.expect(200),
                1 => {
                    let review = json!({"status": "approved"});
                    let reviews = format!("{path}/reviews");
                    app.call(Method::POST, &reviews, &review).await.expect(201)
                }
                _ => {
                    let tags = json!({"tags": ["VIP", "High risk"]});
                    app.call(Method::POST, &format!("{path}/tags"), &tags)
                        .await
                        .expect(201)
                }
            }
        }
    });
    futures_util::future::join_all(work).await;
    let read = app.get(&path).await.expect(200);
    // Seven changes, seven reviews, and one of six writes of tags that changes anything.
    assert_eq!(read.etag(), "\"16\"");
    assert_eq!(read.body["tags"], json!(["VIP", "High risk"]));
    for (property, value) in properties.iter().zip(&values) {
        assert_eq!(
            &read.body["custom_properties"][property], value,
            "{property}"
        );
    }

    // One client deletes the case; the others change it before, or receive 404.
    let end = (0..20).map(|client| {
        let (app, path) = (&app, &path);
        async move {
            let (method, body) = if client == 10 {
                (Method::DELETE, json!({}))
            } else {
                (Method::PATCH, json!({"name": client.to_string()}))
            };
            app.call(method, path, &body).await.status.as_u16()
        }
    });
    let statuses = futures_util::future::join_all(end).await;
    assert!(
        statuses.iter().all(|it| [200, 204, 404].contains(it)),
        "{statuses:?}"
    );
    assert_eq!(statuses.iter().filter(|it| **it == 204).count(), 1);
    app.get(&path).await.expect(404);
}

#[tokio::test]
async fn concurrent_writes_with_if_match_do_not_overwrite_each_other() {
    let app = TestApp::start().await;
    let id = app
        .create(&json!({"name": "0", "metadata": {"by": "0"}}))
        .await
        .id();
    let path = format!("/cases/{id}");
    let add = (0..20).map(|client: u32| {
        let (app, path) = (&app, &path);
        async move {
            loop {
                let read = app.get(path).await.expect(200);
                let mut metadata = read.body["metadata"].clone();
                metadata[format!("client{client}")] = json!("x");
                let body = json!({"metadata": metadata});
                let written = app
                    .call_if_match(Method::PATCH, path, &read.etag(), &body)
                    .await;
                match written.status.as_u16() {
                    200 => break,
                    412 => {}
                    other => panic!("{other}: {}", written.body),
                }
            }
        }
    });
    futures_util::future::join_all(add).await;
    let read = app.get(&path).await.expect(200);
    assert_eq!(
        read.body["metadata"].as_object().map(serde_json::Map::len),
        Some(21)
    );
}

#[tokio::test]
async fn rejects_reviews_before_year_1_and_status_changes_without_a_review() {
    let app = TestApp::start().await;
    let id = app.create(&json!({"name": "A"})).await.id();
    let path = format!("/cases/{id}/reviews");
    for at in [
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+10:00",
        "2020-01-01",
    ] {
        let body = json!({"status": "closed", "reviewed_at": at});
        let refused = app.call(Method::POST, &path, &body).await.expect(400);
        assert_eq!(refused.errors(), [("/reviewed_at", "format")]);
    }
    let body = json!({"status": "closed", "reviewed_at": "0001-01-01T00:00:00Z"});
    app.call(Method::POST, &path, &body).await.expect(201);
    let read = app.get(&format!("/cases/{id}")).await.expect(200);
    assert_eq!(
        read.body["review"]["reviewed_at"],
        "0001-01-01T00:00:00.000Z"
    );
    app.get("/cases").await.expect(200);
    let refused = patch(&app, &id, json!({"status": null, "name": "B"}))
        .await
        .expect(400);
    assert_eq!(refused.errors(), [("/status", "required")]);
    let refused = patch(&app, &id, json!({"status": "closed"}))
        .await
        .expect(400);
    assert!(refused.body["detail"].is_string());
    let message = refused.body["errors"][0]["message"]
        .as_str()
        .expect("a message");
    assert!(
        message.contains("/reviews") && !message.contains("created"),
        "{message}"
    );
    let typo = format!("{id}?if_match=1");
    patch(&app, &typo, json!({})).await.expect(400);
}

/// The external id of a case may equal the id of another case.
#[tokio::test]
async fn writes_treat_a_uuid_as_an_id_and_never_as_an_external_id() {
    let app = TestApp::start().await;
    let deleted = app.create(&json!({"name": "Gone"})).await.id();
    let other = app
        .create(&json!({"name": "Kept", "external_id": deleted}))
        .await
        .id();
    let path = format!("/cases/{deleted}");
    assert_eq!(app.get(&path).await.expect(200).body["name"], "Gone");
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(404);
    patch(&app, &deleted, json!({"name": "B"}))
        .await
        .expect(404);
    let body = json!({"case_id": deleted, "name": "A"});
    app.call(Method::POST, "/companies", &body)
        .await
        .expect(404);
    assert_eq!(app.get(&path).await.expect(200).id(), other);
    let other = app.get(&format!("/cases/{other}")).await.expect(200);
    assert_eq!(other.etag(), "\"1\"");
}
