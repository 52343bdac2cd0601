//! Leap seconds, cursors of other lists, and queries that are not UTF-8.

use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn accepts_only_historical_leap_seconds_and_normalizes_them() {
    let app = TestApp::start().await;
    let create = async |at: &str| {
        let item = json!({"name": "A", "created_at": at, "reviews": [
            {"status": "approved", "reviewed_at": at}]});
        let batch = json!({"cases": [item]});
        app.call(Method::POST, "/cases/batch", &batch)
            .await
            .expect(200)
            .body["results"][0]
            .clone()
    };
    for at in [
        "2020-01-01T12:00:60Z",
        "2015-06-30T23:58:60Z",
        "2015-06-30T23:59:60+01:00",
        "2019-12-31T23:59:60Z",
    ] {
        let refused = create(at).await;
        let errors = refused["errors"].as_array().expect("errors");
        let pointers: Vec<_> = errors.iter().map(|it| it["pointer"].clone()).collect();
        assert_eq!(pointers, ["/created_at", "/reviews/0/reviewed_at"], "{at}");
        let message = errors[0]["message"].as_str().expect("a message");
        assert!(message.contains("leap second"), "{at}: {message}");
    }
    for (at, shown) in [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("2017-01-01T00:59:60.25+01:00", "2017-01-01T00:00:00.250Z"),
        ("1972-06-30T23:59:60Z", "1972-07-01T00:00:00.000Z"),
    ] {
        let created = create(at).await;
        let path = format!("/cases/{}", created["id"].as_str().expect("an id"));
        let read = app.get(&path).await.expect(200).body;
        assert_eq!(read["created_at"], shown, "{at}");
        assert_eq!(read["review"]["reviewed_at"], shown, "{at}");
        let at = at.replace('+', "%2B");
        let listed = app
            .get(&format!("/cases?created_at={at}"))
            .await
            .expect(200);
        assert_eq!(listed.body["data"][0]["id"], created["id"], "{at}");
        assert_eq!(listed.body["data"][0]["created_at"], shown, "{at}");
    }
    for list in [
        "cases",
        "companies",
        "tags",
        "templates",
        "users",
        "webhook-logs",
    ] {
        for at in [
            "2020-01-01T12:00:60Z",
            "2020-01-01T12:00:60",
            "2015-06-30T23:59:61Z",
        ] {
            let path = format!("/{list}?created_at.gt={at}");
            let refused = app.get(&path).await.expect(400);
            let error = &refused.body["errors"][0];
            assert_eq!(error["parameter"], "created_at.gt", "{path}: {error}");
        }
    }
}

#[tokio::test]
async fn rejects_queries_that_are_not_utf_8_with_their_parameter() {
    let app = TestApp::start().await;
    let paths = [
        ("/cases?name=Z%FCrich", "name"),
        ("/cases?external_id=%C3%28", "external_id"),
        ("/cases?tags=VIP,%E4", "tags"),
        ("/companies?name.like=%FF%25", "name.like"),
        ("/users?sort=%80", "sort"),
        ("/tags?label=%ED%A0%80", "label"),
    ];
    for (path, parameter) in paths {
        let refused = app.get(path).await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.body);
        let errors = refused.body["errors"].as_array().expect("errors");
        assert_eq!(errors.len(), 1, "{path}: {errors:?}");
        assert_eq!(errors[0]["parameter"], parameter, "{path}: {errors:?}");
        assert_eq!(errors[0]["code"], "character", "{path}");
        let message = errors[0]["message"].as_str().expect("a message");
        assert!(message.contains("UTF-8"), "{message}");
    }
    app.get("/cases?n%FFme=a").await.expect(400);
    app.get("/cases?name=%EF%BF%BD").await.expect(200);
    app.get("/cases?name=Z%C3%BCrich").await.expect(200);
    let create = app
        .call(Method::POST, "/cases?dry_run=%FF", &json!({"name": "A"}))
        .await;
    create.expect(400);
}

#[tokio::test]
async fn rejects_cursors_of_other_lists() {
    let app = TestApp::start().await;
    for name in ["A", "B"] {
        let people = json!([{"first_name": "C", "last_name": "D"}]);
        let hook = json!({"url": format!("https://{name}.example"), "events": ["Case.Created"]});
        app.call(Method::POST, "/webhooks", &hook).await.expect(201);
        app.create(&json!({"name": name, "companies": [{"name": name}], "individuals": people}))
            .await;
    }
    let lists = [
        "/cases?",
        "/companies?",
        "/individuals?",
        "/activities?",
        "/tags?",
        "/templates?",
        "/users?",
        "/webhooks?",
        "/custom-properties/case?",
        "/custom-properties/company?",
        "/custom-properties/company?include_archived=true&",
    ];
    let mut cursors = Vec::new();
    for list in lists {
        let first = app.get(&format!("{list}cursor=&limit=1")).await.expect(200);
        let next = first.body["pagination"]["next_cursor"].as_str();
        cursors.push(next.unwrap_or_else(|| panic!("{list} has more")).to_owned());
    }
    for (from, cursor) in lists.into_iter().zip(&cursors) {
        for to in lists {
            let response = app.get(&format!("{to}cursor={cursor}&limit=1")).await;
            let expected = if from == to { 200 } else { 400 };
            assert_eq!(
                response.status, expected,
                "{from} to {to}: {}",
                response.body
            );
        }
    }
}
