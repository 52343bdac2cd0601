//! What a collector of traces receives, and what goes on from here.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::serve::Server;
use crate::support::{Receiver, client, directory};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|it| it == what)
}

/// A request with a `traceparent` is a span of that trace, and so are its statements and the delivery
/// that it causes, whose receiver is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_trace_comes_in_and_goes_on_to_the_receiver() {
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
        // A machine that is busy may be too late for the database: the same again.
        let status = loop {
            let again = request.try_clone().expect("a body that can be sent again");
            let response = again.send().await.expect("a response");
            if response.status() != 503 {
                break response.status();
            }
        };
        assert_eq!(status, 201);
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
    let told = delivery.header("traceparent");
    assert!(told.starts_with(&format!("00-{TRACE}-")), "{told}");
    assert_ne!(told, PARENT, "the receiver's parent is the delivery");
    let mut parts = collector.wait_for(1).await;
    let kind = parts[0].header("content-type");
    assert_eq!(kind, "application/x-protobuf");
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
    // What comes before the end is not limited in time, as what is handed over at the end is.
    let spans = loop {
        let spans: Vec<u8> = parts.iter().flat_map(|it| it.bytes.to_vec()).collect();
        if expected.iter().all(|what| contains(&spans, what)) {
            break spans;
        }
        parts = collector.wait_for(parts.len() + 1).await;
    };
    tokio::task::block_in_place(|| server.stop(Signal::SIGTERM));
    for secret in ["Geheim", "geheim-1", "dossier_sandbox", "/hook"] {
        assert!(!contains(&spans, secret.as_bytes()), "{secret}");
    }
}
