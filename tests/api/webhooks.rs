//! Webhooks and their deliveries.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use dossier::destinations::Destinations;
use dossier::workers;
use dossier::workspaces::FIXED_KEY;
use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Received, Receiver, TestApp, TestSettings, limits, poll};

const ALL: [&str; 10] = [
    "Case.Created",
    "Case.Updated",
    "Case.ReviewConfirmed",
    "Case.Deleted",
    "Company.Created",
    "Company.Updated",
    "Company.Deleted",
    "Individual.Created",
    "Individual.Updated",
    "Individual.Deleted",
];

/// Makes every pending delivery due now.
async fn make_due(app: &TestApp) {
    let due = "UPDATE webhook_logs SET next_attempt_at = now() - interval '1 s'
               WHERE state = 'pending' AND leased_until IS NULL";
    app.execute(due).await;
}

/// Waits until the only delivery meets a condition.
async fn log_when(app: &TestApp, condition: impl Fn(&Value) -> bool) -> Value {
    poll(async || {
        let logs = app.get("/webhook-logs").await.expect(200);
        let log = logs.body["data"][0].clone();
        if condition(&log) { Ok(log) } else { Err(log) }
    })
    .await
}

/// Waits until the only delivery has been attempted and is in a state.
async fn log_in_state(app: &TestApp, state: &str) -> Value {
    log_when(app, |log| {
        log["state"] == state && log["attempts"] != json!([])
    })
    .await
}

/// Waits until the only delivery has at least this many attempts. An automatic retry can add one.
async fn log_after(app: &TestApp, attempts: usize) -> Value {
    log_when(app, |log| {
        log["attempts"].as_array().map(Vec::len) >= Some(attempts)
    })
    .await
}

#[tokio::test]
async fn delivery_is_signed_and_contains_the_case() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = app.subscribe(&receiver.url, &["Case.Created"]).await;
    let secret = webhook.body["secret"].as_str().expect("a secret");
    assert!(secret.starts_with("whsec_") && secret.len() > 40);
    let case = app
        .create(&json!({"name": "Acme", "companies": [{"name": "Acme SAS"}]}))
        .await;
    let received = receiver.wait_for(1).await.remove(0);
    let verifier = standardwebhooks::Webhook::new(secret).expect("a secret");
    verifier
        .verify(&received.bytes, &received.headers)
        .expect("a signature");
    // The signature that receivers of the published API check.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(&received.bytes);
    let digits: Vec<_> = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    assert_eq!(received.header("dotfile-signature"), digits.concat());

    let body = &received.body;
    assert_eq!(body["event"], "Case.Created");
    let read = app.get(&format!("/cases/{}", case.id())).await.expect(200);
    assert_eq!(body["case"], read.body);
    let context = &body["context"];
    assert_eq!(context["event_id"], received.header("webhook-id"));
    assert_eq!(context["version"], 1);
    assert_eq!(context["retry_count"], 0);
    assert!(context["remaining_retry_count"].as_u64() > Some(5));
    assert_eq!(context["workspace"]["name"], "Sandbox");
    let log = log_in_state(&app, "delivered").await;
    assert_eq!(log["status_code"], 204);
    assert_eq!(log["payload"], *body);
    assert_eq!(log["attempts"][0]["type"], "first_call");
}

#[tokio::test]
async fn delivers_every_change_in_order() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.subscribe(&receiver.url, &ALL).await;
    let case = app
        .create(
            &json!({"name": "Acme", "external_id": "e-1", "companies": [{"name": "Acme SAS"}],
            "individuals": [{"first_name": "Ada", "last_name": "L"}]}),
        )
        .await;
    let id = case.id();
    let company = case.body["companies"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let person = case.body["individuals"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let changes = [
        (
            Method::PATCH,
            format!("/cases/{id}"),
            json!({"name": "Acme 2", "metadata": {"a": "b"}}),
        ),
        (
            Method::POST,
            format!("/cases/{id}/tags"),
            json!({"tags": ["VIP"]}),
        ),
        (
            Method::POST,
            format!("/cases/{id}/reviews"),
            json!({"status": "approved"}),
        ),
        (
            Method::PATCH,
            format!("/companies/{company}"),
            json!({"country": "FR"}),
        ),
        (
            Method::POST,
            format!("/companies/{company}/set-relevant"),
            json!({"is_relevant": false}),
        ),
        (
            Method::POST,
            format!("/individuals/{person}/set-relevant"),
            json!({"is_relevant": true}),
        ),
        (Method::DELETE, format!("/individuals/{person}"), json!({})),
        (Method::DELETE, format!("/cases/{id}"), json!({})),
    ];
    let mut expected = vec!["Case.Created", "Company.Created", "Individual.Created"];
    let events_of_changes: [&[&str]; 8] = [
        &["Case.InfoUpdated", "Case.MetadataUpdated"],
        &["Case.TagsUpdated"],
        &["Case.ReviewConfirmed", "Case.StatusUpdated"],
        &["Company.InfoUpdated"],
        &["Company.MarkedAsNotRelevant"],
        &["Individual.MarkedAsRelevant"],
        &["Individual.Deleted"],
        &["Case.Deleted"],
    ];
    let mut received = receiver.wait_for(expected.len()).await;
    for ((method, path, body), events) in changes.into_iter().zip(events_of_changes) {
        let response = app.call(method, &path, &body).await;
        assert!(response.status.is_success(), "{path}: {}", response.body);
        expected.extend(events);
        received = receiver.wait_for(expected.len()).await;
    }
    let versions: Vec<_> = received
        .iter()
        .map(|it| it.body["context"]["version"].as_i64())
        .collect();
    assert!(versions.is_sorted(), "{versions:?}");
    let mut events: Vec<_> = received.iter().map(Received::event).collect();
    // The events of one change can arrive in any order.
    events.sort_unstable();
    expected.sort_unstable();
    assert_eq!(events, expected);
    let company = received
        .iter()
        .find(|it| it.event() == "Company.InfoUpdated")
        .expect("the event");
    assert_eq!(company.body["company"]["country"], "FR");
    assert_eq!(company.body["context"]["case"]["name"], "Acme 2");
    let person = received
        .iter()
        .find(|it| it.event() == "Individual.Deleted")
        .expect("the event");
    assert_eq!(person.body["individual"]["first_name"], "Ada");
    let deleted = received
        .iter()
        .find(|it| it.event() == "Case.Deleted")
        .expect("the event");
    assert_eq!(
        deleted.body["case"],
        json!({"id": id, "name": "", "external_id": "e-1"})
    );
}

#[tokio::test]
async fn returns_the_secret_only_once() {
    let app = TestApp::start().await;
    let body = json!({"url": "http://127.0.0.1:9/", "events": ["Case.Created"]});
    let post = || {
        let request = app
            .request(Method::POST, "/webhooks")
            .bearer_auth(FIXED_KEY);
        app.send(request.header("idempotency-key", "w").json(&body))
    };
    let created = post().await.expect(201);
    let secret = created.body["secret"]
        .as_str()
        .expect("a secret")
        .to_owned();
    let masked = format!("whsec_…{}", secret.split_at(secret.len() - 4).1);
    let path = created.header("location").expect("a location").to_owned();
    let again = post().await.expect(201);
    assert_eq!(again.body["secret"], masked.as_str());
    assert_eq!(again.body["id"], created.body["id"]);
    assert_eq!(app.get(&path).await.body["secret"], masked.as_str());
    assert_eq!(
        app.get("/webhooks").await.body["data"][0]["secret"],
        masked.as_str()
    );
    let renamed = app
        .call(Method::PATCH, &path, &json!({"name": "N"}))
        .await
        .expect(200);
    assert_eq!(renamed.body["secret"], masked.as_str());
}

#[tokio::test]
async fn both_secrets_verify_after_a_rotation() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = app.subscribe(&receiver.url, &["Case.Created"]).await;
    let old = webhook.body["secret"]
        .as_str()
        .expect("a secret")
        .to_owned();
    let path = format!("/webhooks/{}/rotate-secret", webhook.id());
    let rotated = app.call(Method::POST, &path, &json!({})).await.expect(200);
    let new = rotated.body["secret"]
        .as_str()
        .expect("a secret")
        .to_owned();
    assert_ne!(old, new);
    app.create(&json!({"name": "Acme"})).await;
    let received = receiver.wait_for(1).await.remove(0);
    for secret in [old, new] {
        let verifier = standardwebhooks::Webhook::new(&secret).expect("a secret");
        verifier
            .verify(&received.bytes, &received.headers)
            .expect("a signature");
    }
}

#[tokio::test]
async fn returns_all_errors_of_a_webhook_at_once() {
    let app = TestApp::start_with(TestSettings {
        destinations: Destinations::Public,
        ..TestSettings::default()
    })
    .await;
    let body = json!({"url": "http://127.0.0.1/", "events": ["Case.Createt", 1], "status": "on",
        "secret": "whsec_…LaSw", "extra": 1});
    let refused = app.call(Method::POST, "/webhooks", &body).await.expect(400);
    assert_eq!(
        refused.errors(),
        [
            ("/url", "forbidden_destination"),
            ("/events/0", "choice"),
            ("/events/1", "type"),
            ("/status", "choice"),
            ("/secret", "length"),
            ("/extra", "unknown_field"),
        ]
    );
    assert_eq!(refused.body["errors"][1]["suggestion"], "Case.Created");
    let missing = app
        .call(Method::POST, "/webhooks", &json!({}))
        .await
        .expect(400);
    assert_eq!(
        missing.errors(),
        [("/url", "required"), ("/events", "required")]
    );
}

/// A webhook without events looks active but never receives anything.
#[tokio::test]
async fn rejects_a_webhook_without_events() {
    let app = TestApp::start().await;
    let none = json!({"url": "http://127.0.0.1:9/", "events": []});
    let refused = app.call(Method::POST, "/webhooks", &none).await.expect(400);
    assert_eq!(refused.errors(), [("/events", "required")]);
    let some = json!({"url": "http://127.0.0.1:9/", "events": ["Case.Created"]});
    let created = app.call(Method::POST, "/webhooks", &some).await.expect(201);
    let path = format!("/webhooks/{}", created.id());
    let refused = app
        .call(Method::PATCH, &path, &json!({"events": []}))
        .await
        .expect(400);
    assert_eq!(refused.errors(), [("/events", "required")]);
    let unchanged = app.get(&path).await.expect(200);
    assert_eq!(unchanged.body["events"], json!(["Case.Created"]));
    // A change without `events` keeps them.
    for body in [json!({"name": "N"}), json!({"events": null})] {
        let changed = app.call(Method::PATCH, &path, &body).await.expect(200);
        assert_eq!(changed.body["events"], json!(["Case.Created"]));
    }
}

#[tokio::test]
async fn does_not_call_private_addresses() {
    let app = TestApp::start_with(TestSettings {
        destinations: Destinations::Public,
        ..TestSettings::default()
    })
    .await;
    let receiver = Receiver::start().await;
    app.subscribe("https://hooks.example.com/", &["Case.Created"])
        .await;
    let port = receiver.url.rsplit(':').next().expect("a port").to_owned();
    // Private URLs in the database: addresses, and a name that resolves to one.
    const ADDRESS: &str = "the address is not public";
    for (host, reason) in [
        ("127.0.0.1", ADDRESS),
        (
            "localhost.",
            "does not exist, or has no address that may be called",
        ),
        ("[::ffff:127.0.0.1]", ADDRESS),
        ("2130706433", ADDRESS),
    ] {
        let mut connection = app.connect().await;
        sqlx::query("UPDATE webhooks SET url = $1, status = 'online'")
            .bind(format!("https://{host}:{port}"))
            .execute(&mut connection)
            .await
            .expect("the update");
        sqlx::raw_sql("DELETE FROM outbox")
            .execute(&mut connection)
            .await
            .expect("the delete");
        app.create(&json!({"name": "Acme"})).await;
        let log = log_in_state(&app, "pending").await;
        let error = log["attempts"][0]["error"].as_str().unwrap_or_default();
        assert!(error.contains(reason), "{host}: {log}");
        assert_eq!(log["status_code"], 0);
    }
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn retries_failed_deliveries() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::responding(|number| match number {
        0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        1 => (StatusCode::TOO_MANY_REQUESTS, "busy\0").into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    app.subscribe(&receiver.url, &["Case.Created"]).await;
    app.create(&json!({"name": "Acme"})).await;
    for count in 1..=3 {
        let received = receiver.wait_for(count).await;
        let ids: Vec<_> = received.iter().map(|it| it.header("webhook-id")).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "one message, one id");
        let last = &received[count - 1];
        assert_eq!(last.body["context"]["retry_count"], count - 1);
        if count < 3 {
            log_after(&app, count).await;
            make_due(&app).await;
        }
    }
    let log = log_in_state(&app, "delivered").await;
    assert_eq!(log["retry_count"], 2);
    assert_eq!(log["attempts"][1]["status_code"], 429);
    assert_eq!(log["attempts"][1]["response_body"], "busy\u{fffd}");
    assert_eq!(log["attempts"][2]["type"], "automatic_retry");
    // A manual retry sends it once more.
    let path = format!("/webhook-logs/{}/retry", log["id"].as_str().expect("an id"));
    app.call(Method::POST, &path, &json!({})).await.expect(202);
    receiver.wait_for(4).await;
}

#[tokio::test]
async fn redirects_fail_and_410_disables_the_webhook() {
    let app = TestApp::start().await;
    let other_receiver = Receiver::start().await;
    let target = other_receiver.url.clone();
    let mut receiver = Receiver::responding(move |number| match number {
        0 => (StatusCode::FOUND, [(LOCATION, target.clone())]).into_response(),
        _ => StatusCode::GONE.into_response(),
    })
    .await;
    let webhook = app.subscribe(&receiver.url, &["Case.Created"]).await;
    app.create(&json!({"name": "Acme"})).await;
    let log = log_after(&app, 1).await;
    assert_eq!(log["attempts"][0]["status_code"], 302);
    make_due(&app).await;
    receiver.wait_for(2).await;
    let log = log_in_state(&app, "failed").await;
    assert_eq!(log["status_code"], 410);
    let webhook = app
        .get(&format!("/webhooks/{}", webhook.id()))
        .await
        .expect(200);
    assert_eq!(webhook.body["status"], "offline");
    app.create(&json!({"name": "Acme"})).await;
    assert_eq!(
        app.get("/webhook-logs").await.body["pagination"]["count"],
        1
    );
    assert!(other_receiver.received().is_empty());
}

#[tokio::test]
async fn a_hanging_receiver_does_not_block_others() {
    let app = TestApp::start().await;
    let hanging = Receiver::responding_async(|_| std::future::pending()).await;
    let mut quick = Receiver::start().await;
    app.subscribe(&hanging.url, &["Case.Created"]).await;
    app.subscribe(&quick.url, &["Case.Created"]).await;
    for _ in 0..20 {
        app.create(&json!({"name": "Acme"})).await;
    }
    // One after the other, the hanging deliveries would take twenty times the delivery timeout.
    quick.wait_for(20).await;
}

#[tokio::test]
async fn two_servers_deliver_each_event_once() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.subscribe(&receiver.url, &["Case.Created"]).await;
    let other = app.second_pool(2);
    let limits = limits();
    let state = dossier::app::state(
        other.clone(),
        limits,
        Destinations::Anywhere,
        crate::support::metrics(),
    );
    let second = workers::start(&state, &other, Duration::from_secs(60));
    let body = json!({"name": "Acme"});
    let cases = (0..60).map(|_| app.create(&body));
    // Not more at once than the server has connections.
    futures_util::stream::iter(cases)
        .buffer_unordered(8)
        .collect::<Vec<_>>()
        .await;
    receiver.wait_for(60).await;
    second.stop().await;
    let received = receiver.received();
    let mut ids: Vec<_> = received
        .iter()
        .map(|it| it.header("webhook-id").to_owned())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), received.len()), (60, 60));
}

#[tokio::test]
async fn deleting_a_case_erases_its_deliveries() {
    let app = TestApp::start().await;
    let mut receiver =
        Receiver::responding(|_| (StatusCode::BAD_REQUEST, "Erika?").into_response()).await;
    app.subscribe(&receiver.url, &["Case.Created", "Case.Deleted"])
        .await;
    let case = app.create(&json!({"name": "Erika Mustermann"})).await;
    let log = log_in_state(&app, "pending").await;
    let path = format!("/cases/{}", case.id());
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    let mut received = receiver.wait_for(2).await;
    // A retry of the first delivery can arrive in between.
    while received.last().expect("a delivery").event() != "Case.Deleted" {
        received = receiver.wait_for(received.len() + 1).await;
    }
    let path = format!("/webhook-logs/{}", log["id"].as_str().expect("an id"));
    let erased = app.get(&path).await.expect(200);
    assert_eq!(erased.body["state"], "erased");
    assert_eq!(erased.body["payload"], json!({}));
    let again = app
        .call(Method::POST, &format!("{path}/retry"), &json!({}))
        .await
        .expect(409);
    assert_eq!(again.errors(), [("", "erased")]);
    let mut connection = app.connect().await;
    let stored: String = sqlx::query_scalar(
        "SELECT concat((SELECT jsonb_agg(to_jsonb(o)) FROM outbox AS o),
             (SELECT jsonb_agg(to_jsonb(l)) FROM webhook_logs AS l),
             (SELECT jsonb_agg(to_jsonb(a)) FROM webhook_log_attempts AS a
                 WHERE a.log_id::text = $1),
             (SELECT jsonb_agg(to_jsonb(a)) FROM activities AS a))",
    )
    .bind(log["id"].as_str())
    .fetch_one(&mut connection)
    .await
    .expect("rows");
    assert!(!stored.contains("Erika"), "{stored}");
}

#[tokio::test]
async fn deleting_a_case_erases_delivered_events_and_retry_responses() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::responding(|_| (StatusCode::OK, "Erika!").into_response()).await;
    app.subscribe(&receiver.url, &["Case.Created"]).await;
    let case = app.create(&json!({"name": "Erika Mustermann"})).await;
    let log = log_in_state(&app, "delivered").await;
    let retry = format!("/webhook-logs/{}/retry", log["id"].as_str().expect("an id"));
    let request = || {
        let request = app.request(Method::POST, &retry).bearer_auth(FIXED_KEY);
        app.send(request.header("idempotency-key", "r").json(&json!({})))
    };
    request().await.expect(202);
    receiver.wait_for(2).await;
    app.call(Method::DELETE, &format!("/cases/{}", case.id()), &json!({}))
        .await
        .expect(204);
    // The response of the retry contained the case, and is erased.
    request().await.expect(410);
    app.call(Method::POST, &retry, &json!({})).await.expect(409);
    let erased = app.get("/webhook-logs").await.expect(200);
    assert_eq!(erased.body["data"][0]["state"], "erased");
    assert!(!erased.body.to_string().contains("Erika"));
}

#[tokio::test]
async fn a_deleted_webhook_receives_nothing_and_its_deliveries_stay() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    let webhook = app.subscribe(&receiver.url, &["Case.Created"]).await;
    app.create(&json!({"name": "Acme"})).await;
    receiver.wait_for(1).await;
    let log = log_in_state(&app, "delivered").await;
    let path = format!("/webhooks/{}", webhook.id());
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/rotate-secret")),
    ] {
        app.call(method, &path, &json!({})).await.expect(404);
    }
    assert_eq!(app.get("/webhooks").await.body["data"], json!([]));
    app.create(&json!({"name": "Acme"})).await;
    let logs = app.get("/webhook-logs").await.expect(200);
    assert_eq!(logs.body["data"], json!([log]));
    let mut connection = app.connect().await;
    let secrets: Vec<String> = sqlx::query_scalar("SELECT secret FROM webhooks")
        .fetch_all(&mut connection)
        .await
        .expect("rows");
    assert_eq!(secrets, [""]);
}

#[tokio::test]
async fn list_omits_large_payloads() {
    let app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    app.subscribe(&receiver.url, &["Case.Created"]).await;
    let people = (0..1_000).map(|it| json!({"first_name": format!("A{it}"), "last_name": "B"}));
    let body = json!({"name": "Acme", "individuals": people.collect::<Vec<_>>()});
    app.create(&body).await;
    let received = receiver.wait_for(1).await;
    let listed = log_in_state(&app, "delivered").await;
    assert_eq!(listed["payload"], json!({}));
    assert_eq!(listed["payload_is_omitted"], true);
    let path = format!("/webhook-logs/{}", listed["id"].as_str().expect("an id"));
    assert_eq!(
        app.get(&path).await.expect(200).body["payload"],
        received[0].body
    );
}

#[tokio::test]
async fn webhooks_of_other_workspaces_are_separate() {
    let app = TestApp::start().await;
    let other = "dossier_other_key";
    app.add_workspace(other).await;
    let (mut ours, theirs) = (Receiver::start().await, Receiver::start().await);
    let our_webhook = app.subscribe(&ours.url, &["Case.Created"]).await;
    let request = app.request(Method::POST, "/webhooks").bearer_auth(other);
    let body = json!({"url": theirs.url, "events": ["Case.Created"]});
    app.send(request.json(&body)).await.expect(201);
    app.create(&json!({"name": "Acme"})).await;
    ours.wait_for(1).await;
    let log = log_in_state(&app, "delivered").await;
    assert!(theirs.received().is_empty());
    let log = format!("/webhook-logs/{}", log["id"].as_str().expect("an id"));
    for path in [format!("/webhooks/{}", our_webhook.id()), log] {
        app.get_as(other, &path).await.expect(404);
    }
    assert_eq!(
        app.get_as(other, "/webhook-logs").await.body["pagination"]["count"],
        0
    );
    assert_eq!(
        app.get_as(other, "/webhooks").await.body["pagination"]["count"],
        1
    );
}
