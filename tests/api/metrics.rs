//! The Prometheus endpoint.

use std::collections::HashMap;

use serde_json::json;

use crate::support::{KEY, Process, Receiver, TestDatabase, client, limits, send_with_retries};

/// Returns an address with a free port.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

/// Returns the samples by name and labels.
async fn samples(address: &str) -> HashMap<String, f64> {
    let url = format!("http://{address}/metrics");
    let response = client().get(url).send().await.expect("a response");
    assert_eq!(response.status(), 200);
    let content_type = response.headers()["content-type"].to_str().expect("text");
    assert!(
        content_type.starts_with("text/plain; version=0.0.4"),
        "{content_type}"
    );
    let text = response.text().await.expect("text");
    let lines = text.lines().filter(|it| !it.starts_with('#'));
    let samples = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        (name.to_owned(), value.parse().expect("a number"))
    });
    samples.collect()
}

fn count_of(method: &str, route: &str, status: u16) -> String {
    format!(
        "http_server_request_duration_seconds_count{{error_type=\"\",http_request_method=\"{method}\",\
         http_response_status_code=\"{status}\",http_route=\"{route}\",url_scheme=\"http\"}}"
    )
}

#[tokio::test]
async fn counts_requests_cases_errors_and_connections() {
    let database = TestDatabase::create().await;
    let address = free_address();
    let server = Process::start(&database, &[("DOSSIER_METRICS_LISTEN", &address)]).await;
    let post = async |path: &str, body: serde_json::Value| {
        let url = format!("http://{}{path}", server.address);
        let request = client().post(&url).bearer_auth(KEY).json(&body);
        let response = send_with_retries(request).await;
        (response.status.as_u16(), response.body)
    };
    assert_eq!(post("/cases", json!({"name": "A"})).await.0, 201);
    let refused = json!({"name": "", "companies": [{"name": "B", "country": "UK"}]});
    assert_eq!(post("/cases", refused.clone()).await.0, 400);
    let dry = post("/cases?dry_run=true", json!({"name": "A"})).await;
    assert_eq!(dry.0, 200);
    let batch = json!({"cases": [{"name": "B"}, refused, {"name": "C"}]});
    let (status, batch) = post("/v1/cases/batch", batch).await;
    assert_eq!(status, 200);
    // An item can be 503 on a busy machine.
    let items = batch["results"].as_array().expect("results");
    let count = |status: u16| items.iter().filter(|it| it["status"] == status).count() as f64;
    let (created, refused) = (1.0 + count(201), 1.0 + count(400));
    assert_eq!(post("/nowhere/a-secret", json!({})).await.0, 404);

    let samples = samples(&address).await;
    for (name, value) in [
        (count_of("POST", "/cases", 201), 1.0),
        (count_of("POST", "/cases", 400), 1.0),
        (count_of("POST", "/cases", 200), 1.0),
        (count_of("POST", "/v1/cases/batch", 200), 1.0),
        (count_of("POST", "", 404), 1.0),
        ("dossier_cases_created_total".to_owned(), created),
        (
            "dossier_violations_total{code=\"country\"}".to_owned(),
            refused,
        ),
        (
            "dossier_violations_total{code=\"length\"}".to_owned(),
            refused,
        ),
        ("dossier_outbox_pending_deliveries".to_owned(), 0.0),
        ("dossier_outbox_lag_seconds".to_owned(), 0.0),
        (
            "http_server_active_requests{http_request_method=\"POST\",url_scheme=\"http\"}"
                .to_owned(),
            0.0,
        ),
        (
            "db_client_connection_max{db_client_connection_pool_name=\"requests\"}".to_owned(),
            10.0,
        ),
    ] {
        assert_eq!(samples.get(&name), Some(&value), "{name}");
    }
    let waits =
        "db_client_connection_wait_time_seconds_count{db_client_connection_pool_name=\"requests\"}";
    assert!(samples[waits] >= 1.0);
    let open: f64 = ["idle", "used"]
        .map(|state| {
            samples[&format!(
                "db_client_connection_count{{db_client_connection_pool_name=\"requests\",\
                 db_client_connection_state=\"{state}\"}}"
            )]
        })
        .iter()
        .sum();
    assert!((1.0..=10.0).contains(&open), "{open}");
    assert!(
        samples.keys().all(|it| !it.contains("secret")),
        "no label contains values from requests"
    );
    // The API does not serve metrics.
    let url = format!("http://{}/metrics", server.address);
    let response = client().get(url).bearer_auth(KEY).send().await;
    assert_eq!(response.expect("a response").status(), 404);
}

/// Pending deliveries have a lag.
#[tokio::test]
async fn outbox_lag_is_the_age_of_the_oldest_due_delivery() {
    use dossier::destinations::Destinations;
    use dossier::{app, db::Database};

    let mut app = crate::support::TestApp::start().await;
    app.stop_workers().await;
    let receiver = Receiver::start().await;
    app.subscribe(&receiver.url, &["Case.Created"]).await;
    app.create(&json!({"name": "A"})).await;
    // As if it had been due for an hour.
    app.execute("UPDATE webhook_logs SET next_attempt_at = now() - interval '1 hour'")
        .await;
    let metrics = crate::support::metrics();
    let pool: Database = app.second_pool(1);
    let limits = limits();
    let state = app::state(pool.clone(), limits, Destinations::Anywhere, metrics);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let router = app::metrics(&state, &pool);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let samples = samples(&address).await;
    assert_eq!(samples["dossier_outbox_pending_deliveries"], 1.0);
    let lag = samples["dossier_outbox_lag_seconds"];
    // One hour plus the duration of the test.
    assert!((3_600.0..7_200.0).contains(&lag), "{lag}");
}
