//! Idempotency keys: requests that are sent again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse, TestSettings, timeouts};
use dossier::db::Timeouts;
use dossier::workspaces::FIXED_KEY;

async fn post(app: &TestApp, path: &str, key: &str, body: &Value) -> TestResponse {
    let request = app.request(Method::POST, path).bearer_auth(FIXED_KEY);
    app.send(request.header("idempotency-key", key).json(body))
        .await
}

/// Returns the status, the body, and the headers that a replay repeats.
fn replayed_parts(response: &TestResponse) -> (u16, Value, Vec<Option<String>>) {
    let headers = ["location", "etag", "content-type"];
    let headers = headers.map(|name| response.header(name).map(str::to_owned));
    (
        response.status.as_u16(),
        response.body.clone(),
        headers.to_vec(),
    )
}

fn is_replayed(response: &TestResponse) -> bool {
    response.header("idempotent-replayed") == Some("true")
}

#[tokio::test]
async fn replays_the_first_response_for_the_same_request() {
    let app = TestApp::start().await;
    let body =
        json!({"name": "Acme", "external_id": "once-1", "companies": [{"name": "Acme SAS"}]});
    let first = post(&app, "/cases", "\"k-1\"", &body).await.expect(201);
    assert!(!is_replayed(&first));
    // Bare or quoted key, with or without prefix and slash: the same request.
    for path in ["/cases", "/v1/cases", "/cases/", "/v1/cases/"] {
        let again = post(&app, path, "k-1", &body).await;
        assert!(is_replayed(&again), "{path}");
        assert_eq!(replayed_parts(&again), replayed_parts(&first), "{path}");
    }
    let cases = app.get("/cases?external_id=once-1").await.expect(200);
    assert_eq!(cases.body["pagination"]["count"], 1);
    // Another server over the same database replays it too.
    let app = app.restart().await;
    let again = post(&app, "/cases", "k-1", &body).await;
    assert_eq!(replayed_parts(&again), replayed_parts(&first));
    // Later changes of the case do not affect the replay.
    let path = first.header("location").unwrap().to_owned();
    app.call(Method::PATCH, &path, &json!({"name": "Other"}))
        .await
        .expect(200);
    assert_eq!(
        replayed_parts(&post(&app, "/cases", "k-1", &body).await),
        replayed_parts(&first)
    );
}

#[tokio::test]
async fn every_creating_post_is_idempotent() {
    let app = TestApp::start().await;
    let case = app
        .create(&json!({"name": "A", "companies": [{"name": "B"}]}))
        .await;
    let case_id = case.body["id"].as_str().unwrap().to_owned();
    let company = case.body["companies"][0]["id"].clone();
    let person = json!({"case_id": case_id, "first_name": "Ada", "last_name": "L"});
    let person = post(&app, "/individuals", "first", &person)
        .await
        .expect(201);
    let relation = json!({"from_individual_id": person.body["id"], "to_company_id": company});
    let requests = [
        (
            "/companies".to_owned(),
            json!({"case_id": case_id, "type": "affiliated", "name": "C"}),
        ),
        (
            "/individuals".to_owned(),
            json!({"case_id": case_id, "first_name": "", "last_name": "M"}),
        ),
        (format!("/cases/{case_id}/relations"), relation),
        (
            format!("/cases/{case_id}/reviews"),
            json!({"status": "approved"}),
        ),
        (format!("/cases/{case_id}/tags"), json!({"tags": ["VIP"]})),
        ("/tags".to_owned(), json!({"label": "Once"})),
        (
            "/templates".to_owned(),
            json!({"key": "once", "name": "Once"}),
        ),
        (
            "/users".to_owned(),
            json!({"first_name": "O", "last_name": "P", "email": "o@example.com"}),
        ),
        ("/spaces".to_owned(), json!({"name": "Once"})),
        (
            "/custom-properties/case".to_owned(),
            json!({"key": "once", "label": "Once", "type": "text"}),
        ),
    ];
    for (number, (path, body)) in requests.iter().enumerate() {
        let key = format!("key-{number}");
        let first = post(&app, path, &key, body).await;
        assert_eq!(first.status, 201, "{path}: {}", first.body);
        let again = post(&app, path, &key, body).await;
        assert!(is_replayed(&again), "{path}: {}", again.body);
        assert_eq!(replayed_parts(&again), replayed_parts(&first), "{path}");
    }
    let case = app.get(&format!("/cases/{case_id}")).await.expect(200);
    assert_eq!(case.body["individuals"].as_array().map(Vec::len), Some(2));
    assert_eq!(case.body["companies"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn rejects_a_key_that_is_reused_for_another_request() {
    let app = TestApp::start().await;
    let body = json!({"name": "Acme"});
    post(&app, "/cases", "k", &body).await.expect(201);
    for (path, other) in [
        ("/cases", json!({"name": "Other"})),
        ("/tags", json!({"label": "x"})),
        // This body would be invalid anyway.
        ("/cases", json!({"name": 1})),
    ] {
        let reused = post(&app, path, "k", &other).await.expect(422);
        assert_eq!(reused.body["type"], "/problems/idempotency-key-reused");
    }
    app.add_workspace("dossier_other_key").await;
    let request = app
        .request(Method::POST, "/cases")
        .bearer_auth("dossier_other_key");
    let response = app
        .send(request.header("idempotency-key", "k").json(&body))
        .await;
    assert!(!is_replayed(&response.expect(201)));
}

#[tokio::test]
async fn stores_no_key_for_a_rejected_request() {
    let app = TestApp::start().await;
    let refused = post(&app, "/cases", "k", &json!({"name": ""}))
        .await
        .expect(400);
    assert_eq!(refused.body["errors"][0]["pointer"], "/name");
    post(&app, "/cases", "k", &json!({"name": "Acme"}))
        .await
        .expect(201);
    for key in ["", "\"open", &"k".repeat(256)] {
        let response = post(&app, "/cases", key, &json!({"name": "Acme"}))
            .await
            .expect(400);
        assert_eq!(
            response.body["errors"][0]["header"], "Idempotency-Key",
            "{}",
            response.body
        );
    }
}

#[tokio::test]
async fn a_hundred_concurrent_requests_with_one_key_create_one_case() {
    let app = TestApp::start().await;
    let body = json!({"name": "Acme", "companies": [{"name": "Acme SAS"}]});
    let requests = (0..100).map(|_| post(&app, "/cases", "storm", &body));
    let responses = futures_util::future::join_all(requests).await;
    let created: Vec<_> = responses.iter().filter(|it| it.status == 201).collect();
    assert!(!created.is_empty());
    for response in &responses {
        assert!(
            [201, 409].contains(&response.status.as_u16()),
            "{}",
            response.body
        );
    }
    for response in &created {
        assert_eq!(replayed_parts(response), replayed_parts(created[0]));
    }
    assert_eq!(created.iter().filter(|it| !is_replayed(it)).count(), 1);
    let cases = app.get("/cases").await.expect(200);
    assert_eq!(cases.body["pagination"]["count"], 1);
}

#[tokio::test]
async fn returns_409_while_the_first_request_is_running() {
    // The second request waits one second for the first, which ends later.
    let timeouts = Timeouts {
        lock: Timeouts::default().lock,
        ..timeouts()
    };
    let app = TestApp::start_with(TestSettings {
        timeouts,
        ..TestSettings::default()
    })
    .await;
    let workspace = "SELECT workspace_id FROM api_keys LIMIT 1";
    let mut other = app.connect().await;
    sqlx::raw_sql("BEGIN").execute(&mut other).await.unwrap();
    // The first request, on another server, has not committed yet.
    let insert = format!(
        "INSERT INTO idempotency_keys (workspace_id, key, request_hash, status, created_at)
         VALUES (({workspace}), 'k', '', 201, now())"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(insert))
        .execute(&mut other)
        .await
        .unwrap();
    let body = json!({"name": "Acme"});
    let second = post(&app, "/cases", "k", &body).await.expect(409);
    assert_eq!(second.body["type"], "/problems/request-in-progress");
    assert_eq!(second.header("retry-after"), Some("1"));
    // The first request fails, so that the second one becomes the first.
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert!(!is_replayed(
        &post(&app, "/cases", "k", &body).await.expect(201)
    ));
}

#[tokio::test]
async fn deleting_a_case_erases_its_stored_responses() {
    let app = TestApp::start().await;
    let body = json!({"name": "Erika Mustermann"});
    let first = post(&app, "/cases", "k", &body).await.expect(201);
    let path = first.header("location").unwrap().to_owned();
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    let again = post(&app, "/cases", "k", &body).await.expect(410);
    assert_eq!(again.body["type"], "/problems/answer-erased");
    let mut connection = app.connect().await;
    let stored: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM idempotency_keys WHERE body IS NOT NULL OR location IS NOT NULL",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(stored, 0);
}

const COUNT: &str = "SELECT count(*) FROM cases";

#[tokio::test]
async fn recovers_a_response_lost_between_database_and_server() {
    let app = TestApp::start_with_lost_response("INSERT 0 ").await;
    let body = json!({"name": "Acme", "external_id": "lost-1"});
    // Without a key, the outcome is unknown.
    app.proxy().arm();
    let unknown = app.call(Method::POST, "/cases", &body).await.expect(503);
    assert_eq!(unknown.body["type"], "/problems/outcome-unknown");
    assert!(!app.proxy().is_armed());
    assert_eq!(app.count(COUNT).await, 1);
    // With a key, its row tells the outcome.
    let body = json!({"name": "Acme", "external_id": "lost-2"});
    app.proxy().arm();
    let found = post(&app, "/cases", "k", &body).await.expect(201);
    assert!(!app.proxy().is_armed());
    assert!(is_replayed(&found));
    let again = post(&app, "/cases", "k", &body).await;
    assert_eq!(replayed_parts(&again), replayed_parts(&found));
    assert_eq!(app.count(COUNT).await, 2);
}

#[tokio::test]
async fn recovers_a_lost_commit_response() {
    let app = TestApp::start_with_lost_response("COMMIT").await;
    let body = json!({"status": "approved"});
    // The proxy can drop the commit of a background worker instead.
    for _ in 0..20 {
        let case = app.create(&json!({"name": "Acme"})).await;
        let path = format!("/cases/{}/reviews", case.id());
        app.proxy().arm();
        let found = post(&app, &path, &case.id(), &body).await.expect(201);
        assert!(!app.proxy().is_armed());
        assert_eq!(found.etag(), "\"2\"");
        let read = app.get(&format!("/cases/{}", case.id())).await;
        assert_eq!(read.etag(), "\"2\"");
        if is_replayed(&found) {
            return;
        }
    }
    panic!("no commit of a request was lost");
}

#[tokio::test]
async fn repeats_a_write_whose_connection_was_lost() {
    let app = TestApp::start().await;
    // The connection is lost during the first execution of the statement.
    let trigger = "CREATE SEQUENCE lost;
        CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('lost') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER lose BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION lose();";
    app.execute(trigger).await;
    let created = post(&app, "/cases", "k", &json!({"name": "Acme"}))
        .await
        .expect(201);
    assert!(!is_replayed(&created));
    assert_eq!(app.count(COUNT).await, 1);
}

#[tokio::test]
async fn deleting_a_case_erases_the_response_of_a_tag_write_without_effect() {
    let app = TestApp::start().await;
    let case = app.create(&json!({"name": "A", "tags": ["VIP"]})).await;
    let path = format!("/cases/{}/tags", case.id());
    let body = json!({"tags": ["VIP"]});
    post(&app, &path, "k", &body).await.expect(201);
    app.call(Method::DELETE, &format!("/cases/{}", case.id()), &json!({}))
        .await
        .expect(204);
    let erased = post(&app, &path, "k", &body).await.expect(410);
    assert_eq!(erased.body["type"], "/problems/answer-erased");
}
