//! Bodies and files that are not UTF-8 JSON objects. The error names the actual format.

use std::process::{Output, Stdio};

use dossier::workspaces::FIXED_KEY;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::support::TestApp;

fn utf_16(text: &str, mark: bool, little: bool) -> Vec<u8> {
    let units = text.encode_utf16();
    let units = mark.then_some(0xFEFF).into_iter().chain(units);
    let bytes = |unit: u16| {
        if little {
            unit.to_le_bytes()
        } else {
            unit.to_be_bytes()
        }
    };
    units.flat_map(bytes).collect()
}

/// An empty gzip file is enough to be recognised.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00";

#[tokio::test]
async fn names_the_encoding_of_a_body_that_is_not_utf_8_json() {
    let app = TestApp::start().await;
    let body = r#"{"name": "A"}"#;
    let marked = [b"\xef\xbb\xbf", body.as_bytes()].concat();
    let utf_32: Vec<u8> = body
        .chars()
        .flat_map(|it| u32::from(it).to_le_bytes())
        .collect();
    let case = app.create(&json!({"name": "A"})).await;
    let writes = [
        (Method::POST, "/cases".to_owned()),
        (Method::POST, "/cases/batch".to_owned()),
        (Method::PATCH, format!("/cases/{}", case.id())),
        (Method::POST, "/tags".to_owned()),
        (Method::POST, "/webhooks".to_owned()),
    ];
    for (bytes, name) in [
        (marked, "byte order mark"),
        (utf_16(body, true, true), "UTF-16"),
        (utf_16(body, true, false), "UTF-16"),
        (utf_16(body, false, true), "UTF-16"),
        (utf_16(body, false, false), "UTF-16"),
        (utf_32, "UTF-32"),
        (GZIP.to_vec(), "gzip"),
        (b"\x28\xb5\x2f\xfd\x00".to_vec(), "zstd"),
        (b"PK\x03\x04".to_vec(), "ZIP"),
        (b"{\"name\": \"Z\xfcrich\"}".to_vec(), "UTF-8"),
    ] {
        for (method, path) in writes.clone() {
            let request = app.request(method, &path).bearer_auth(FIXED_KEY);
            let request = request.header("content-type", "application/json");
            let refused = app.send(request.body(bytes.clone())).await;
            assert_eq!(refused.status, 400, "{name} {path}: {}", refused.body);
            assert_eq!(refused.body["type"], "/problems/malformed-body", "{name}");
            let detail = refused.body["detail"].as_str().expect("a detail");
            assert!(detail.contains(name), "{path}: {detail}");
        }
    }
}

#[tokio::test]
async fn rejects_an_array_and_points_to_the_batch_endpoint() {
    let app = TestApp::start().await;
    for path in ["/cases", "/cases/batch", "/cases?dry_run=true"] {
        let refused = app.call(Method::POST, path, &json!([{"name": "A"}])).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        let message = refused.body["errors"][0]["message"]
            .as_str()
            .expect("a message");
        assert!(message.contains("an array was found"), "{message}");
        assert!(message.contains(r#"{"cases": [...]}"#), "{message}");
        assert!(message.contains("/cases/batch"), "{message}");
    }
    let refused = app
        .call(Method::POST, "/tags", &json!([]))
        .await
        .expect(400);
    let message = refused.body["errors"][0]["message"]
        .as_str()
        .expect("a message");
    assert!(
        message.contains("one object") && !message.contains("batch"),
        "{message}"
    );
}

struct Import {
    url: String,
    folder: TempDir,
}

impl Import {
    fn new(app: &TestApp) -> Self {
        let url = format!("http://{}", app.address());
        let folder = tempfile::tempdir().expect("a folder");
        Self { url, folder }
    }

    /// Imports a file with these bytes, or the bytes from standard input.
    async fn run(&self, file: &str, bytes: &[u8]) -> Output {
        let is_input = ["-", "/dev/stdin"].contains(&file);
        if !is_input {
            std::fs::write(self.folder.path().join(file), bytes).expect("the file");
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
        let command = command
            .current_dir(self.folder.path())
            .args(["import", file, "--url", &self.url, "--json"])
            .env("DOSSIER_KEY", FIXED_KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut input = child.stdin.take().expect("an input");
        if is_input {
            // A command that rejects its input does not read all of it.
            let _ = input.write_all(bytes).await;
        }
        drop(input);
        child.wait_with_output().await.expect("an exit status")
    }
}

#[tokio::test]
async fn import_names_the_format_of_an_unreadable_file_in_one_line() {
    let app = TestApp::start().await;
    let import = Import::new(&app);
    let lines: Vec<_> = (0..3)
        .map(|it| json!({"name": "A", "external_id": format!("e{it}")}).to_string())
        .collect();
    let text = lines.join("\n");
    let array = format!("[\n{}\n]", lines.join(",\n"));
    for (file, bytes, name, remedy) in [
        ("a.ndjson", utf_16(&text, true, true), "UTF-16", "iconv"),
        ("b.ndjson", utf_16(&text, false, false), "UTF-16", "iconv"),
        ("c.ndjson.gz", GZIP.to_vec(), "gzip", "zcat"),
        ("d.ndjson", GZIP.to_vec(), "gzip", "zcat"),
        ("e.json", array.clone().into_bytes(), "array", "jq -c '.[]'"),
        (
            "f.json",
            format!("[{}]", lines.join(", ")).into_bytes(),
            "array",
            "jq -c '.[]'",
        ),
        (
            "g.csv",
            b"name,external_id\nA,e0\nB,e1\n".to_vec(),
            "CSV",
            "mlr",
        ),
        (
            "h.txt",
            b"\xef\xbb\xbf\"name\";\"external_id\"\r\nA;e0\r\n".to_vec(),
            "CSV",
            "mlr",
        ),
        ("i.xlsx", b"PK\x03\x04\x14\x00".to_vec(), "ZIP", ""),
        ("-", array.into_bytes(), "array", "jq -c '.[]'"),
    ] {
        let output = import.run(file, &bytes).await;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{file}: {stderr}");
        assert!(
            stderr.contains(name) && stderr.contains(remedy),
            "{file}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{file}: {stderr}");
        let files: Vec<_> = std::fs::read_dir(import.folder.path())
            .expect("the folder")
            .collect();
        let rejected =
            |it: &std::fs::DirEntry| it.path().display().to_string().contains("rejected");
        assert!(!files.iter().flatten().any(rejected), "{file}");
    }
    assert_eq!(
        app.get("/cases").await.expect(200).body["pagination"]["count"],
        0
    );
}

#[tokio::test]
async fn import_reads_standard_input() {
    let app = TestApp::start().await;
    let import = Import::new(&app);
    let good = json!({"name": "A", "external_id": "e0"});
    let bad = json!({"name": "", "external_id": "e1"});
    let text = format!("\u{feff}{good}\n{bad}\n");
    for name in ["-", "/dev/stdin"] {
        let output = import.run(name, text.as_bytes()).await;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {stderr}");
        let summary: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(summary["lines"], 2, "{name}: {summary}");
        assert_eq!(summary["rejected_file"], "stdin.rejected.ndjson", "{name}");
        let file = import.folder.path().join("stdin.rejected.ndjson");
        let rejected = std::fs::read_to_string(file).expect("the rejected lines");
        assert_eq!(rejected.lines().count(), 1, "{name}");
    }
    app.get("/cases/e0").await.expect(200);
    let empty = import.run("-", b"").await;
    assert_eq!(empty.status.code(), Some(0), "{empty:?}");
}
