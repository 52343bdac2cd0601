//! Destinations of deliveries: the public internet, and those that the operator allows.

use dossier::destinations::Destinations;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{KEY, Process, Receiver, TestApp, TestDatabase, TestSettings, client, poll};

/// The host name of this machine, which resolves to one of its own addresses.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.expect("a name").trim().to_ascii_lowercase()
}

/// Returns the public details of two attempts to call a URL.
async fn attempts_of(app: &TestApp, url: &str) -> Vec<Value> {
    let body = json!({"url": url, "events": ["Case.Created"]});
    let created = app.call(Method::POST, "/webhooks", &body).await.expect(201);
    app.create(&json!({"name": "Acme"})).await;
    let list = format!("/webhook-logs?webhook_id={}", created.id());
    let log = delivery_after(app, &list, 1).await;
    let path = format!("/webhook-logs/{}", log["id"].as_str().expect("an id"));
    app.call(Method::POST, &format!("{path}/retry"), &json!({}))
        .await
        .expect(202);
    delivery_after(app, &list, 2).await;
    let one = app.get(&path).await.expect(200).body;
    let path = format!("/webhooks/{}", created.id());
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

/// Waits until the only delivery of a list has at least this many attempts.
async fn delivery_after(app: &TestApp, list: &str, attempts: usize) -> Value {
    poll(async || {
        let log = app.get(list).await.expect(200).body["data"][0].clone();
        match log["attempts"].as_array().map(Vec::len) >= Some(attempts) {
            true => Ok(log),
            false => Err(log),
        }
    })
    .await
}

#[tokio::test]
async fn a_name_with_a_private_address_fails_like_an_unknown_name() {
    let app = TestApp::start_with(TestSettings {
        destinations: Destinations::Public,
        ..TestSettings::default()
    })
    .await;
    let receiver = Receiver::start().await;
    let port = receiver.url.rsplit(':').next().expect("a port").to_owned();
    let private = format!("https://{}:{port}", host_name());
    let private = attempts_of(&app, &private).await;
    let unknown = attempts_of(&app, "https://unknown.invalid/").await;
    assert_eq!(private[..2], unknown[..2]);
    let error = private[0][1].as_str().expect("an error");
    assert!(error.contains("does not exist, or"), "{error}");
    assert!(receiver.received().is_empty());
}

/// Starts a server whose operator allows these private destinations.
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
async fn delivers_to_networks_that_the_operator_allows() {
    let (_database, server) = serve("127.0.0.0/8, 10.20.0.0/16").await;
    let mut receiver = Receiver::start().await;
    let created = post(&server, "/webhooks", &webhook(&receiver.url)).await;
    assert_eq!(created.0, 201, "{}", created.1);
    let case = post(&server, "/cases", &json!({"name": "Acme"})).await;
    assert_eq!(case.0, 201, "{}", case.1);
    receiver.wait_for(1).await;
    // Other private addresses are not called, and http is not allowed for public ones.
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
async fn delivers_to_host_names_that_the_operator_allows() {
    let name = host_name();
    let (_database, server) = serve(&name.to_ascii_uppercase()).await;
    let mut receiver = Receiver::start().await;
    let url_with_name = receiver.url.replace("127.0.0.1", &name);
    assert_eq!(
        post(&server, "/webhooks", &webhook(&url_with_name)).await.0,
        201
    );
    assert_eq!(post(&server, "/cases", &json!({"name": "A"})).await.0, 201);
    receiver.wait_for(1).await;
    // The address of the same host is not allowed.
    assert_eq!(
        post(&server, "/webhooks", &webhook(&receiver.url)).await.0,
        400
    );
}

#[test]
fn reports_an_invalid_destination_in_one_line_with_exit_code_2() {
    for (allow, value) in [
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
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{allow}: {stderr}");
        assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
        for word in [value, "DOSSIER_WEBHOOK_ALLOW"] {
            assert!(stderr.contains(word), "{word}: {stderr}");
        }
    }
}
