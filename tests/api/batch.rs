//! `POST /cases/batch`.

use std::collections::HashSet;

use dossier::http::Limits;
use dossier::workspaces::FIXED_KEY;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, TestResponse, execute, limits, poll};

fn item(external_id: &str) -> Value {
    json!({"name": "Acme", "external_id": external_id, "tags": ["VIP"],
        "companies": [{"name": "Acme SAS", "type": "main"}],
        "individuals": [{"first_name": "A", "last_name": "B", "roles": ["shareholder"]}]})
}

async fn send(app: &TestApp, items: &[Value]) -> TestResponse {
    let body = json!({ "cases": items });
    app.call(Method::POST, "/cases/batch", &body).await
}

/// Sends the batch again while an item is 503: on a busy machine an item can wait too long for a connection.
async fn send_with_retries(app: &TestApp, items: &[Value]) -> TestResponse {
    for _ in 0..10 {
        let response = send(app, items).await.expect(200);
        if !statuses(&response).contains(&503) {
            return response;
        }
    }
    panic!("the database was busy ten times");
}

fn results(response: &TestResponse) -> &Vec<Value> {
    response.body["results"].as_array().expect("results")
}

fn statuses(response: &TestResponse) -> Vec<u64> {
    let results = results(response).iter();
    results
        .map(|it| it["status"].as_u64().expect("a status"))
        .collect()
}

fn ids(response: &TestResponse) -> Vec<&str> {
    let results = results(response).iter();
    results.filter_map(|it| it["id"].as_str()).collect()
}

fn errors(result: &Value) -> Vec<(&str, &str)> {
    let errors = result["errors"].as_array().expect("errors").iter();
    errors
        .map(|it| {
            (
                it["pointer"].as_str().unwrap_or(""),
                it["code"].as_str().unwrap_or(""),
            )
        })
        .collect()
}

const COUNT: &str = "SELECT count(*) FROM cases";

#[tokio::test]
async fn returns_a_separate_result_for_each_item_in_order() {
    let app = TestApp::start().await;
    app.create(&json!({"name": "First", "external_id": "taken"}))
        .await;
    let items = [
        item("a"),
        json!({"name": "", "companies": [{"name": "A", "country": "UK"}], "status": "approved"}),
        item("taken"),
        json!(7),
        json!({"name": "Without an external id"}),
        json!({"name": "B", "tags": ["Nobody"]}),
    ];
    let response = send(&app, &items).await.expect(200);
    assert_eq!(statuses(&response), [201, 400, 409, 400, 201, 400]);
    let results = results(&response);
    assert_eq!(
        errors(&results[1]),
        [
            ("/name", "length"),
            ("/companies/0/country", "country"),
            ("/status", "choice")
        ]
    );
    assert_eq!(results[1]["type"], "/problems/invalid-parameters");
    let message = &results[1]["errors"][2]["message"];
    assert!(message.as_str().expect("text").contains("in reviews"));
    assert_eq!(errors(&results[2]), [("/external_id", "external_id_taken")]);
    assert!(results[2]["case_id"].is_string());
    assert_eq!(errors(&results[3]), [("", "type")]);
    assert_eq!(errors(&results[5]), [("/tags/0", "tag_not_found")]);
    // A single create stores the same case and activity.
    let id = results[0]["id"].as_str().expect("an id");
    let case = app.get("/cases/a").await.expect(200);
    assert_eq!(case.id(), id);
    let single = app.create(&item("single")).await;
    let single = app
        .get(&format!("/cases/{}", single.id()))
        .await
        .expect(200);
    assert_eq!(
        without_ids_and_times(&case.body),
        without_ids_and_times(&single.body)
    );
    let activities = app
        .get(&format!("/activities?case_id={id}"))
        .await
        .expect(200);
    assert_eq!(activities.body["data"][0]["type"], "api__created__case");
    assert_eq!(app.count(COUNT).await, 4);
}

/// Removes ids and timestamps from a case.
fn without_ids_and_times(case: &Value) -> Value {
    match case {
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.filter(|(name, _)| !name.ends_with("_at") && !name.ends_with("id"));
            fields
                .map(|(name, value)| (name.clone(), without_ids_and_times(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(without_ids_and_times).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn rejects_malformed_batches() {
    let app = TestApp::start().await;
    let post = async |body: &Value| app.call(Method::POST, "/cases/batch", body).await;
    for (body, expected) in [
        (json!({}), ("/cases", "required")),
        (json!({"cases": null}), ("/cases", "required")),
        (json!({"cases": {}}), ("/cases", "type")),
        (json!([]), ("", "type")),
        (json!({"cases": [], "case": []}), ("/case", "unknown_field")),
        (
            json!({"cases": vec![item("a"); 101]}),
            ("/cases", "too_many"),
        ),
    ] {
        let response = post(&body).await.expect(400);
        assert_eq!(response.errors(), [expected], "{body}");
    }
    assert_eq!(
        results(&post(&json!({"cases": []})).await.expect(200)).len(),
        0
    );
    let request = app
        .request(Method::POST, "/v1/cases/batch/")
        .bearer_auth(FIXED_KEY);
    let request = request.header("content-type", "application/json");
    let response = app
        .send(request.body(r#"{"cases": [{"name": "A"}, {]}"#))
        .await;
    assert_eq!(
        response.expect(400).body["type"],
        "/problems/malformed-body"
    );
    assert_eq!(app.count(COUNT).await, 0);
    // Fields that only a batch accepts are rejected elsewhere.
    let case = json!({"name": "A", "created_at": "2020-01-01T00:00:00Z", "reviews": []});
    let response = app.post(case.to_string()).await.expect(400);
    let unknown = "unknown_field";
    assert_eq!(
        response.errors(),
        [("/created_at", unknown), ("/reviews", unknown)]
    );
}

#[tokio::test]
async fn groups_items_into_transactions_and_a_rejected_item_does_not_affect_others() {
    let app = TestApp::start().await;
    app.create(&item("first")).await;
    let mut items: Vec<_> = (0..100)
        .map(|index| item(&format!("item-{index}")))
        .collect();
    items[50] = item("first");
    // Two equal items, and two different items with the same external id: the first one wins.
    items[60] = items[61].clone();
    items[71] = items[70].clone();
    items[71]["name"] = json!("Another");
    let response = send(&app, &items).await.expect(200);
    for (index, result) in results(&response).iter().enumerate() {
        let expected = match index {
            50 | 71 => 409,
            61 => 200,
            _ => 201,
        };
        assert_eq!(result["status"], expected, "{index} {result}");
    }
    let twins = [&results(&response)[60], &results(&response)[61]];
    assert_eq!(twins[0]["id"], twins[1]["id"]);
    assert_eq!(app.count(COUNT).await, 98);
    let mut connection = app.connect().await;
    let transactions = "SELECT count(*) FROM cases GROUP BY xmin::text ORDER BY 1 DESC";
    let transactions: Vec<i64> = sqlx::query_scalar(transactions)
        .fetch_all(&mut connection)
        .await
        .expect("counts");
    assert_eq!(transactions[0], 16, "{transactions:?}");
    assert!(transactions.len() < 60, "{transactions:?}");
    let complete: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM cases AS c WHERE
             (SELECT count(*) FROM relations AS e WHERE e.case_id = c.id) = 1
             AND (SELECT count(*) FROM case_tags AS e WHERE e.case_id = c.id) = 1
             AND (SELECT count(*) FROM activities AS e WHERE e.case_id = c.id) = 1
             AND (SELECT count(*) FROM outbox AS e WHERE e.case_id = c.id) = 1",
    )
    .fetch_one(&mut connection)
    .await
    .expect("a count");
    assert_eq!(complete, 98);
}

#[tokio::test]
async fn stores_an_item_with_an_external_id_once() {
    let app = TestApp::start().await;
    let items: Vec<_> = (0..20)
        .map(|index| item(&format!("once-{index}")))
        .collect();
    let first = send(&app, &items).await.expect(200);
    assert_eq!(statuses(&first), [201; 20]);
    // The same items again, in another order and with one more.
    let mut more = items.clone();
    more.reverse();
    more.push(item("once-20"));
    let again = send(&app, &more).await.expect(200);
    assert_eq!(statuses(&again)[..20], [200; 20]);
    assert_eq!(statuses(&again)[20], 201);
    let mut expected = ids(&first);
    expected.reverse();
    assert_eq!(ids(&again)[..20], expected);
    // The same batch from eight clients at once.
    let new: Vec<_> = (0..40)
        .map(|index| item(&format!("at-once-{index}")))
        .collect();
    let responses = join_all((0..8).map(|_| send_with_retries(&app, &new))).await;
    for response in &responses {
        assert_eq!(ids(response), ids(&responses[0]), "{}", response.body);
    }
    assert_eq!(app.count(COUNT).await, 61);
    // Another workspace has its own external ids.
    app.add_workspace("dossier_other_workspace").await;
    let request = app.request(Method::POST, "/cases/batch");
    let request = request.bearer_auth("dossier_other_workspace");
    let theirs = (0..20).map(|it| json!({"name": "A", "external_id": format!("once-{it}")}));
    let response = app
        .send(request.json(&json!({ "cases": theirs.collect::<Vec<_>>() })))
        .await;
    assert_eq!(statuses(&response.expect(200)), [201; 20]);
}

#[tokio::test]
async fn idempotency_key_applies_to_every_item() {
    let app = TestApp::start().await;
    let items = [
        json!({"name": "A"}),
        json!({"name": "", "x": 1}),
        json!({"name": "C"}),
    ];
    let post = async |items: &[Value]| {
        let request = app
            .request(Method::POST, "/cases/batch")
            .bearer_auth(FIXED_KEY);
        let request = request.header("idempotency-key", "batch-1");
        app.send(request.json(&json!({ "cases": items })))
            .await
            .expect(200)
    };
    let first = post(&items).await;
    assert_eq!(statuses(&first), [201, 400, 201]);
    let again = post(&items).await;
    assert_eq!(again.body, first.body);
    // A rejected item can be corrected; a stored item cannot be changed.
    let response = post(&[
        json!({"name": "A"}),
        json!({"name": "B"}),
        json!({"name": "D"}),
    ])
    .await;
    assert_eq!(statuses(&response), [201, 201, 422]);
    assert_eq!(
        response.body["results"][2]["type"],
        "/problems/idempotency-key-reused"
    );
    assert_eq!(response.body["results"][0], first.body["results"][0]);
    assert_eq!(app.count(COUNT).await, 3);
    // The same key is independent for a single create.
    let request = app.request(Method::POST, "/cases").bearer_auth(FIXED_KEY);
    let request = request.header("idempotency-key", "batch-1");
    app.send(request.json(&json!({"name": "A"})))
        .await
        .expect(201);
}

#[tokio::test]
async fn idempotency_key_recognises_items_at_other_positions() {
    let app = TestApp::start().await;
    let post = async |items: &[Value]| {
        let request = app
            .request(Method::POST, "/cases/batch")
            .bearer_auth(FIXED_KEY);
        let request = request.header("idempotency-key", "k");
        app.send(request.json(&json!({ "cases": items })))
            .await
            .expect(200)
    };
    let (wrong, twin, other) = (
        json!({"name": ""}),
        json!({"name": "Twin"}),
        json!({"name": "Other"}),
    );
    let first = post(&[wrong, twin.clone(), twin.clone()]).await;
    assert_eq!(statuses(&first), [400, 201, 201]);
    let created: HashSet<_> = ids(&first).into_iter().collect();
    assert_eq!(created.len(), 2);
    // Without the rejected item, the others have other positions.
    let again = post(&[twin.clone(), twin.clone()]).await;
    assert_eq!(statuses(&again), [201, 201]);
    assert_eq!(ids(&again).into_iter().collect::<HashSet<_>>(), created);
    // A third equal item is a new case, and so is a different item.
    let more = post(&[twin.clone(), twin.clone(), twin, other.clone()]).await;
    assert_eq!(statuses(&more), [201; 4]);
    assert_eq!(ids(&more).into_iter().collect::<HashSet<_>>().len(), 4);
    let other_response = post(&[other]).await;
    assert_eq!(ids(&other_response), ids(&more).split_off(3));
    assert_eq!(app.count(COUNT).await, 4);
}

#[tokio::test]
async fn dry_run_returns_all_results_and_stores_nothing() {
    let app = TestApp::start().await;
    let created = send(&app, &[item("existing")]).await.expect(200);
    let items = [
        item("existing"),
        item("new"),
        json!({"name": "A", "external_id": "existing"}),
        json!({"name": "A", "tags": ["Nobody"], "companies": [{"name": "", "country": "UK"}]}),
    ];
    let body = json!({ "cases": items });
    let response = app
        .call(Method::POST, "/cases/batch?dry_run=true", &body)
        .await;
    let response = response.expect(200);
    assert_eq!(statuses(&response), [200, 200, 409, 400]);
    assert_eq!(ids(&response), ids(&created));
    assert_eq!(
        errors(&results(&response)[3]),
        [
            ("/tags/0", "tag_not_found"),
            ("/companies/0/name", "length"),
            ("/companies/0/country", "country")
        ]
    );
    assert_eq!(app.count(COUNT).await, 1);
}

#[tokio::test]
async fn stores_creation_time_and_reviews_of_imported_cases() {
    let app = TestApp::start().await;
    let case = json!({"name": "Old", "external_id": "old", "created_at": "2019-05-01T08:00:00Z",
    "companies": [{"name": "Old SAS"}],
    "reviews": [
        {"status": "rejected", "comment": "Papers missing", "reviewed_at": "2019-05-02T08:00:00Z"},
        {"status": "approved", "reviewed_at": "2019-06-01T08:00:00+02:00",
            "next_review_at": "2029-06-01"},
    ]});
    let closed = json!({"name": "Closed", "external_id": "closed",
        "reviews": [{"status": "closed"}]});
    let response = send(&app, &[case, closed]).await.expect(200);
    assert_eq!(statuses(&response), [201, 201]);
    let case = app.get("/cases/old").await.expect(200);
    assert_eq!(case.body["status"], "approved");
    assert_eq!(case.body["created_at"], "2019-05-01T08:00:00.000Z");
    assert_eq!(case.body["review"]["status"], "approved");
    assert_eq!(
        case.body["review"]["reviewed_at"],
        "2019-06-01T06:00:00.000Z"
    );
    assert_eq!(case.body["review"]["next_review_at"], "2029-06-01");
    assert_eq!(
        case.body["companies"][0]["created_at"],
        "2019-05-01T08:00:00.000Z"
    );
    // `updated_at` is the time of the import, for clients that follow changes.
    let changed = case.body["updated_at"].as_str().expect("a timestamp");
    assert!(changed > "2026", "{changed}");
    assert_eq!(
        app.get("/cases/closed").await.expect(200).body["status"],
        "closed"
    );
    let mut connection = app.connect().await;
    let reviews = "SELECT r.status FROM case_reviews AS r JOIN cases AS c ON c.id = r.case_id
        WHERE c.external_id = 'old' ORDER BY r.id";
    let reviews: Vec<String> = sqlx::query_scalar(reviews)
        .fetch_all(&mut connection)
        .await
        .expect("the reviews");
    assert_eq!(reviews, ["rejected", "approved"]);
    // Later changes work as for any other case.
    let review = json!({"status": "closed"});
    app.call(Method::POST, "/cases/old/reviews", &review)
        .await
        .expect(201);
    let listed = app.get("/cases?created_at.lt=2020-01-01").await.expect(200);
    assert_eq!(
        listed.body["data"].as_array().map(Vec::len),
        Some(1),
        "{}",
        listed.body
    );
}

#[tokio::test]
async fn validates_creation_time_and_reviews_of_imported_cases() {
    let app = TestApp::start().await;
    let review = |at: &str| json!({"status": "approved", "reviewed_at": at});
    for (imported, expected) in [
        (
            json!({"created_at": "2999-01-01T00:00:00Z"}),
            vec![("/created_at", "date_in_future")],
        ),
        (
            json!({"created_at": "2020-01-01"}),
            vec![("/created_at", "format")],
        ),
        (
            json!({"reviews": [{"status": "open"}]}),
            vec![("/reviews/0/status", "choice")],
        ),
        (
            json!({"reviews": [review("2020-01-02T00:00:00Z"), review("2020-01-01T00:00:00Z")]}),
            vec![("/reviews/1/reviewed_at", "review_order")],
        ),
        (
            json!({"created_at": "2020-01-03T00:00:00Z", "reviews": [review("2020-01-02T00:00:00Z")]}),
            vec![("/reviews/0/reviewed_at", "review_order")],
        ),
        (
            json!({"status": "draft", "reviews": [{"status": "closed"}]}),
            vec![("/status", "status_transition")],
        ),
        (
            json!({"reviews": [null, {"status": "closed", "next_review_at": "2030-01-01"}]}),
            vec![
                ("/reviews/0", "type"),
                ("/reviews/1/next_review_at", "mutually_exclusive"),
            ],
        ),
    ] {
        let mut case = json!({"name": "A"});
        let imported_fields = imported.as_object().expect("an object").clone();
        case.as_object_mut()
            .expect("an object")
            .extend(imported_fields);
        let response = send(&app, &[case]).await.expect(200);
        assert_eq!(errors(&results(&response)[0]), expected, "{imported}");
    }
    assert_eq!(app.count(COUNT).await, 0);
}

/// A template's requirements apply to open cases only.
#[tokio::test]
async fn skips_template_requirements_for_reviewed_cases() {
    let app = TestApp::start().await;
    let template = json!({"key": "strict", "name": "Strict", "required": ["companies"]});
    app.call(Method::POST, "/templates", &template)
        .await
        .expect(201);
    let open = json!({"name": "A", "template_key": "strict"});
    let reviewed =
        json!({"name": "A", "template_key": "strict", "reviews": [{"status": "closed"}]});
    let response = send(&app, &[open, reviewed]).await.expect(200);
    assert_eq!(statuses(&response), [400, 201]);
    assert_eq!(
        errors(&results(&response)[0]),
        [("/companies", "required_by_template")]
    );
}

#[tokio::test]
async fn writes_each_item_in_its_own_statement_with_group_size_1() {
    let limits = Limits {
        group_size: 1,
        ..limits()
    };
    let app = TestApp::start_with_limits(limits).await;
    let items: Vec<_> = (0..30)
        .map(|index| item(&format!("item-{index}")))
        .collect();
    assert_eq!(statuses(&send(&app, &items).await.expect(200)), [201; 30]);
    let mut connection = app.connect().await;
    let transactions = sqlx::query_scalar("SELECT count(DISTINCT xmin::text) FROM cases");
    let transactions: i64 = transactions
        .fetch_one(&mut connection)
        .await
        .expect("a count");
    assert_eq!(transactions, 30);
}

#[tokio::test]
async fn duplicate_external_id_fails_while_the_outcome_of_the_first_is_unknown() {
    let app = TestApp::start_with_lost_response("INSERT 0 1").await;
    app.create(&item("before")).await;
    app.proxy().arm();
    let (first, mut second) = (item("same"), item("same"));
    second["name"] = json!("Other");
    let items = [first, second];
    let response = send(&app, &items).await.expect(200);
    assert!(!app.proxy().is_armed());
    assert_eq!(statuses(&response), [503, 503]);
    let again = send(&app, &items).await.expect(200);
    assert_eq!(statuses(&again), [200, 409]);
    assert_eq!(app.count(COUNT).await, 2);
}

#[tokio::test]
async fn returns_outcome_unknown_for_a_lost_response_and_a_retry_resolves_it() {
    let app = TestApp::start_with_lost_response("INSERT 0 16").await;
    app.create(&item("first")).await;
    app.proxy().arm();
    let items: Vec<_> = (0..64)
        .map(|index| item(&format!("lost-{index}")))
        .collect();
    let response = send(&app, &items).await.expect(200);
    assert!(!app.proxy().is_armed());
    let unknown = results(&response).iter().filter(|it| it["status"] == 503);
    let unknown: Vec<_> = unknown.map(|it| it["type"].as_str()).collect();
    assert_eq!(unknown, [Some("/problems/outcome-unknown"); 16]);
    let again = send(&app, &items).await.expect(200);
    assert!(
        statuses(&again).iter().all(|it| matches!(it, 200 | 201)),
        "{}",
        again.body
    );
    assert_eq!(ids(&again).iter().collect::<HashSet<_>>().len(), 64);
    assert_eq!(app.count(COUNT).await, 65);
}

#[tokio::test]
async fn runs_one_batch_per_idempotency_key_at_a_time() {
    let app = TestApp::start().await;
    let post = async |items: &[Value]| {
        let request = app
            .request(Method::POST, "/cases/batch")
            .bearer_auth(FIXED_KEY);
        let request = request.header("idempotency-key", "k");
        app.send(request.json(&json!({ "cases": items }))).await
    };
    let (first, second) = (json!({"name": "First"}), json!({"name": "Second"}));
    // The first batch has stored nothing yet when the second one arrives, in which the item has another
    // position.
    let mut holder = app.connect().await;
    execute(&mut holder, "BEGIN; LOCK TABLE cases IN SHARE MODE").await;
    let both = [first, second.clone()];
    let running = post(&both);
    let second_response = async {
        app.wait_for_blocked(1).await;
        // The lease in the database also excludes other servers.
        let lease = "SELECT count(*) FROM running_batches WHERE leased_until > now()";
        let leases: i64 = sqlx::query_scalar(lease)
            .fetch_one(&mut holder)
            .await
            .expect("the leases");
        assert_eq!(leases, 1);
        let second_response = post(std::slice::from_ref(&second));
        let release = execute(&mut holder, "COMMIT");
        let (second_response, ()) = futures_util::future::join(second_response, release).await;
        second_response
    };
    let (_, second_response) = futures_util::future::join(running, second_response).await;
    // The second batch waits for the first, or must be retried.
    assert!(
        matches!(second_response.status.as_u16(), 200 | 409),
        "{}",
        second_response.body
    );
    poll(async || {
        let response = post(&both).await;
        match response.status == 200 && statuses(&response) == [201, 201] {
            true => Ok(()),
            false => Err(response),
        }
    })
    .await;
    assert_eq!(app.count(COUNT).await, 2);
}

#[tokio::test]
async fn takes_over_a_batch_whose_lease_has_expired() {
    let app = TestApp::start().await;
    let post = async || {
        let request = app
            .request(Method::POST, "/cases/batch")
            .bearer_auth(FIXED_KEY);
        let request = request.header("idempotency-key", "k");
        app.send(request.json(&json!({"cases": [{"name": "A"}]})))
            .await
    };
    let lease = "INSERT INTO running_batches (workspace_id, key, holder, leased_until)
        SELECT id, 'k', id, now() + interval '1 hour' FROM workspaces WHERE name = 'Sandbox'";
    app.execute(lease).await;
    let response = post().await.expect(409);
    assert_eq!(response.body["type"], "/problems/request-in-progress");
    assert_eq!(response.header("retry-after"), Some("1"));
    app.execute("UPDATE running_batches SET leased_until = now() - interval '1 second'")
        .await;
    assert_eq!(statuses(&post().await.expect(200)), [201]);
    // The lease is released: the next batch need not wait for it to expire.
    assert_eq!(statuses(&post().await.expect(200)), [201]);
    assert_eq!(app.count(COUNT).await, 1);
}
