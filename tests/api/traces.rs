//! OpenTelemetry traces: exported spans, and the `traceparent` of deliveries.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::serve::Server;
use crate::support::{Receiver, client, directory, send_with_retries};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|it| it == part)
}

/// A request with a `traceparent` is a span of that trace. So are its statements and the delivery that it
/// causes, which passes the trace on to the receiver.
#[tokio::test(flavor = "multi_thread")]
async fn continues_a_trace_from_the_request_to_the_webhook_receiver() {
    let mut collector = Receiver::start().await;
    let mut receiver = Receiver::start().await;
    let endpoint = collector.url.trim_end_matches("/hook").to_owned();
    let data = directory();
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ];
    let server = tokio::task::block_in_place(|| Server::start_with(&data, &settings));
    let post = async |path: &str, parent: &str, body: serde_json::Value| {
        let request = client().post(format!("{}{path}", server.address()));
        let request = request
            .bearer_auth("dossier_sandbox")
            .header("traceparent", parent);
        let request = request.json(&body);
        let response = send_with_retries(request).await;
        response.expect(201);
    };
    let hook = json!({"name": "Hook", "status": "online", "url": receiver.url,
        "events": ["Case.Created"]});
    let other = "00-00000000000000000000000000000001-0000000000000001-01";
    post("/webhooks", other, hook).await;
    post(
        "/cases",
        PARENT,
        json!({"name": "Geheim", "external_id": "geheim-1"}),
    )
    .await;
    let delivery = receiver.wait_for(1).await.remove(0);
    let traceparent = delivery.header("traceparent");
    assert!(
        traceparent.starts_with(&format!("00-{TRACE}-")),
        "{traceparent}"
    );
    assert_ne!(traceparent, PARENT, "the delivery is the parent");
    let mut parts = collector.wait_for(1).await;
    let content_type = parts[0].header("content-type");
    assert_eq!(content_type, "application/x-protobuf");
    let trace: Vec<u8> = (0..16)
        .map(|it| u8::from_str_radix(&TRACE[2 * it..2 * it + 2], 16).expect("hexadecimal"))
        .collect();
    let expected = [
        &trace[..],
        b"POST /cases",
        b"http.route",
        b"http.response.status_code",
        b"db.operation.name",
        b"server.address",
        b"service.name",
        b"dossier",
    ];
    // Waits for the regular export: the export at shutdown has a time limit.
    let spans = loop {
        let spans: Vec<u8> = parts.iter().flat_map(|it| it.bytes.to_vec()).collect();
        if expected.iter().all(|part| contains(&spans, part)) {
            break spans;
        }
        parts = collector.wait_for(parts.len() + 1).await;
    };
    tokio::task::block_in_place(|| server.stop(Signal::SIGTERM));
    for secret in ["Geheim", "geheim-1", "dossier_sandbox", "/hook"] {
        assert!(!contains(&spans, secret.as_bytes()), "{secret}");
    }
}
