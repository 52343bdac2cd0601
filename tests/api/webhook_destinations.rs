//! Where deliveries may go: the public internet, and what the operator names.

use std::time::{Duration, Instant};

use dossier::values::Destinations;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{KEY, LONG, Process, Receiver, TestApp, TestDatabase, TestSettings, client};

/// The name of this machine, which leads to one of its own addresses.
fn name_of_this_machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.expect("a name").trim().to_ascii_lowercase()
}

/// What is said of the first attempt for a URL, wherever it is said.
async fn said_of(app: &TestApp, url: &str) -> Vec<Value> {
    let body = json!({"url": url, "events": ["Case.Created"]});
    let made = app.call(Method::POST, "/webhooks", &body).await.expect(201);
    app.create(&json!({"name": "Acme"})).await;
    let list = format!("/webhook-logs?webhook_id={}", made.id());
    let log = attempted(app, &list, 1).await;
    let path = format!("/webhook-logs/{}", log["id"].as_str().expect("an id"));
    app.call(Method::POST, &format!("{path}/retry"), &json!({}))
        .await
        .expect(202);
    attempted(app, &list, 2).await;
    let one = app.get(&path).await.expect(200).body;
    let path = format!("/webhooks/{}", made.id());
    app.call(Method::DELETE, &path, &json!({}))
        .await
        .expect(204);
    let attempts = one["attempts"].as_array().expect("attempts").iter();
    let attempts = attempts.map(|it| {
        json!([
            it["status_code"],
            it["error"],
            it["response_headers"],
            it["response_body"]
        ])
    });
    attempts.collect()
}

/// The only delivery of a list, once it was attempted so often.
async fn attempted(app: &TestApp, list: &str, attempts: usize) -> Value {
    let begun = Instant::now();
    loop {
        let log = app.get(list).await.expect(200).body["data"][0].clone();
        if log["attempts"]
            .as_array()
            .is_some_and(|it| it.len() >= attempts)
        {
            return log;
        }
        assert!(begun.elapsed() < LONG, "{log}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_like_one_that_does_not_exist() {
    let app = TestApp::start_with(TestSettings {
        destinations: Destinations::Public,
        ..TestSettings::default()
    })
    .await;
    let receiver = Receiver::start().await;
    let port = receiver.url.rsplit(':').next().expect("a port").to_owned();
    let inside = format!("https://{}:{port}", name_of_this_machine());
    let inside = said_of(&app, &inside).await;
    let nowhere = said_of(&app, "https://nowhere.invalid/").await;
    assert_eq!(inside[..2], nowhere[..2]);
    let error = inside[0][1].as_str().expect("an error");
    assert!(error.contains("does not exist, or"), "{error}");
    assert!(receiver.received().is_empty());
}

/// A server over a database of its own, to which an operator named destinations inside the network.
async fn serve(allow: &str) -> (TestDatabase, Process) {
    let database = TestDatabase::create().await;
    let server = Process::start(&database, &[("DOSSIER_WEBHOOK_ALLOW", allow)]).await;
    (database, server)
}

async fn post(server: &Process, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}{path}", server.address);
    let request = client().post(url).bearer_auth(KEY).json(body);
    let response = request.send().await.expect("a response");
    let status = response.status().as_u16();
    (status, response.json().await.expect("JSON"))
}

fn webhook(url: &str) -> Value {
    json!({"url": url, "events": ["Case.Created"]})
}

#[tokio::test]
async fn a_receiver_in_a_network_that_the_operator_names_is_called() {
    let (_database, server) = serve("127.0.0.0/8, 10.20.0.0/16").await;
    let mut receiver = Receiver::start().await;
    let made = post(&server, "/webhooks", &webhook(&receiver.url)).await;
    assert_eq!(made.0, 201, "{}", made.1);
    let case = post(&server, "/cases", &json!({"name": "Acme"})).await;
    assert_eq!(case.0, 201, "{}", case.1);
    receiver.wait_for(1).await;
    // What is not named is not called, and neither is http outside.
    for url in [
        "http://10.21.0.1/",
        "http://[::1]/",
        "http://localhost/",
        "http://hooks.example.com/",
        "https://169.254.169.254/",
    ] {
        let refused = post(&server, "/webhooks", &webhook(url)).await;
        assert_eq!(refused.0, 400, "{url}");
        assert_eq!(refused.1["errors"][0]["code"], "forbidden_destination");
    }
    for url in ["http://10.20.1.1/", "https://hooks.example.com/"] {
        assert_eq!(
            post(&server, "/webhooks", &webhook(url)).await.0,
            201,
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_receiver_whose_name_the_operator_names_is_called() {
    let name = name_of_this_machine();
    let (_database, server) = serve(&name.to_ascii_uppercase()).await;
    let mut receiver = Receiver::start().await;
    let named = receiver.url.replace("127.0.0.1", &name);
    assert_eq!(post(&server, "/webhooks", &webhook(&named)).await.0, 201);
    assert_eq!(post(&server, "/cases", &json!({"name": "A"})).await.0, 201);
    receiver.wait_for(1).await;
    // Its address by itself is not named.
    assert_eq!(
        post(&server, "/webhooks", &webhook(&receiver.url)).await.0,
        400
    );
}

#[test]
fn a_destination_that_cannot_be_read_is_one_line_and_exit_code_2() {
    for (allow, named) in [
        ("10.0.0.0/33", "10.0.0.0/33"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.0.0.0/8,,", "\"\""),
        ("https://hooks.internal", "https://hooks.internal"),
        ("hooks.internal:8080", "hooks.internal:8080"),
        ("*.internal", "*.internal"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_dossier"))
            .args(["serve", "--webhook-allow", allow])
            .output()
            .expect("the binary runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{allow}: {told}");
        assert_eq!(told.trim_end().lines().count(), 1, "{told}");
        for word in [named, "DOSSIER_WEBHOOK_ALLOW"] {
            assert!(told.contains(word), "{word}: {told}");
        }
    }
}
