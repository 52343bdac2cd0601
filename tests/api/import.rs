//! `dossier import` against a running server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use dossier::workspaces::FIXED_KEY;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgConnection};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Hold, KEY, Process, TestApp, TestDatabase};

/// A file to import, in its own folder.
struct Import {
    folder: TempDir,
    url: String,
    key: &'static str,
}

impl Import {
    fn new(address: &str, key: &'static str) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            url: format!("http://{address}"),
            key,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("cases.ndjson")
    }

    fn write(&self, lines: impl IntoIterator<Item = String>) {
        let lines: Vec<_> = lines.into_iter().collect();
        std::fs::write(self.path(), lines.join("\n")).expect("the file is written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
        command
            .current_dir(self.folder.path())
            .args(["import", "cases.ndjson", "--url", &self.url, "--json"])
            .args(arguments)
            .env("DOSSIER_KEY", self.key)
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .output()
            .await
            .expect("the binary runs")
    }

    /// Runs the import and returns its exit code and summary.
    async fn summary(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.run(arguments).await;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let summary = serde_json::from_slice(&output.stdout);
        (
            output.status.code(),
            summary.unwrap_or_else(|_| panic!("{stderr}")),
        )
    }

    fn rejected(&self) -> Vec<Value> {
        lines_of(&self.folder.path().join("cases.rejected.ndjson"))
    }
}

fn lines_of(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines();
    lines
        .map(|it| serde_json::from_str(it).expect("JSON"))
        .collect()
}

fn line(number: usize) -> String {
    json!({"name": format!("Case {number}"), "external_id": format!("import-{number}"),
        "companies": [{"name": "A"}]})
    .to_string()
}

async fn external_ids(connection: &mut PgConnection) -> Vec<String> {
    let ids = sqlx::query_scalar("SELECT external_id FROM cases WHERE external_id IS NOT NULL");
    ids.fetch_all(connection).await.expect("the ids")
}

/// Asserts that each case is stored exactly once.
async fn expect_all(connection: &mut PgConnection, count: usize) {
    let ids = external_ids(connection).await;
    assert_eq!(ids.len(), count, "no case is stored twice");
    let ids: BTreeSet<_> = ids.into_iter().collect();
    let expected: BTreeSet<_> = (0..count).map(|it| format!("import-{it}")).collect();
    assert!(ids == expected, "every case is stored");
}

#[tokio::test]
async fn stores_every_valid_line_and_rejects_the_others_with_all_errors() {
    let app = TestApp::start().await;
    let import = Import::new(app.address(), FIXED_KEY);
    let mut lines: Vec<_> = (0..230).map(line).collect();
    let invalid =
        json!({"name": "", "external_id": "x", "companies": [{"name": "B", "country": "UK"}]});
    lines[10] = invalid.to_string();
    lines[20] = "{\"name\": \"A\",}".to_owned();
    lines[30] = json!({"name": "Nameless", "tags": ["Nobody"]}).to_string();
    lines[31] = json!({"name": "Nameless"}).to_string();
    lines[40] = "   ".to_owned();
    lines[50] = "7".to_owned();
    // The external id of another line, with another case.
    lines[200] = json!({"name": "Another", "external_id": "import-1"}).to_string();
    lines[210] = lines[2].clone();
    lines[220] = json!({"name": "Old", "external_id": "old", "created_at": "2019-01-01T00:00:00Z",
        "reviews": [{"status": "approved", "reviewed_at": "2019-02-01T00:00:00Z"}]})
    .to_string();
    import.write(lines.clone());

    let (code, dry_run) = import.summary(&["--dry-run"]).await;
    assert_eq!(code, Some(1), "{dry_run}");
    assert_eq!(
        (&dry_run["lines"], &dry_run["rejected"]),
        (&json!(229), &json!(5)),
        "{dry_run}"
    );
    let mut connection = app.connect().await;
    assert!(external_ids(&mut connection).await.is_empty());
    let rejected_by_dry_run = import.rejected();

    // With one connection, the first of two lines with the same external id is stored first.
    let (code, done) = import.summary(&["--connections", "1"]).await;
    assert_eq!(code, Some(1), "{done}");
    assert_eq!(done["stored"], 222, "{done}");
    assert_eq!(done["there_already"], 1, "{done}");
    assert_eq!(done["rejected_file"], "cases.rejected.ndjson");
    let rejected = import.rejected();
    let found: Vec<_> = rejected
        .iter()
        .map(|it| {
            let errors = it["errors"].as_array().expect("errors").iter();
            let pointers = errors.map(|it| it["pointer"].as_str().expect("a pointer"));
            (
                it["line"].as_u64().expect("a number"),
                it["status"].as_u64().expect("a status"),
                pointers.collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (11, 400, vec!["/name", "/companies/0/country"]),
            (21, 400, vec![]),
            (31, 400, vec!["/external_id", "/tags/0"]),
            (32, 400, vec!["/external_id"]),
            (51, 400, vec![""]),
            (201, 409, vec!["/external_id"]),
        ]
    );
    // A dry run finds all errors except conflicts between two lines.
    assert_eq!(rejected_by_dry_run, rejected[..5]);
    assert_eq!(rejected[0]["case"], invalid);
    assert_eq!(rejected[1]["case"], "{\"name\": \"A\",}");
    assert_eq!(
        rejected[1]["detail"],
        "The body is not valid JSON: syntax error at line 1, column 14. Nothing was stored."
    );
    let old = app.get("/cases/old").await.expect(200);
    assert_eq!(old.body["status"], "approved");

    // Corrects the lines and sends the whole file again.
    for (index, number) in [
        (10, 10),
        (20, 20),
        (30, 30),
        (31, 31),
        (40, 40),
        (50, 50),
        (200, 200),
    ] {
        lines[index] = line(number);
    }
    import.write(lines);
    let (code, again) = import.summary(&[]).await;
    assert_eq!(code, Some(0), "{again}");
    assert_eq!(again["stored"], 7, "{again}");
    assert_eq!(again["there_already"], 223, "{again}");
    assert_eq!(again["rejected_file"], Value::Null);
    assert!(
        import.rejected().is_empty(),
        "the file of the previous run is removed"
    );
}

#[tokio::test]
async fn resumes_after_a_kill_without_storing_anything_twice() {
    const LINES: usize = 6_000;
    let app = TestApp::start().await;
    let import = Import::new(app.address(), FIXED_KEY);
    import.write((0..LINES).map(line));
    let mut connection = app.connect().await;
    let mut hold = Hold::after(app.connect().await, 0).await;
    let mut stored = 0;
    for allowed in [1_000, 3_000] {
        hold.allow(allowed).await;
        let mut running = import
            .command(&[])
            .stdout(Stdio::null())
            .spawn()
            .expect("the import");
        hold.wait_until_holding().await;
        let ended = running.try_wait().expect("the process status");
        assert!(ended.is_none(), "the import is still running");
        running.kill().await.expect("the kill");
        let before = std::mem::replace(&mut stored, external_ids(&mut connection).await.len());
        assert!(stored > before, "the import stored cases");
    }
    hold.release().await;
    let (code, done) = import.summary(&["--connections", "3"]).await;
    assert_eq!(code, Some(0), "{done}");
    assert_eq!(done["lines"], LINES);
    assert!(
        done["there_already"].as_u64() >= Some(stored as u64),
        "{done}"
    );
    expect_all(&mut connection, LINES).await;
}

#[tokio::test]
async fn waits_for_a_server_that_restarts() {
    const LINES: usize = 4_000;
    let database = TestDatabase::create().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let settings = [
        ("DOSSIER_LISTEN", address.as_str()),
        ("DOSSIER_REQUEST_TIMEOUT", "600"),
    ];
    let mut server = Process::start(&database, &settings).await;
    let mut connection = database.options.connect().await.expect("a connection");
    let other = database.options.connect().await.expect("a connection");
    let mut hold = Hold::after(other, 500).await;
    let import = Import::new(&address, KEY);
    import.write((0..LINES).map(line));
    let running = import
        .command(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let running = running.expect("the import");
    hold.wait_until_holding().await;
    server.signal(Signal::SIGKILL);
    server.wait_for_exit().await;
    hold.release().await;
    let server = Process::start(&database, &settings).await;
    let output = running.wait_with_output().await.expect("an exit status");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("retrying"), "{stderr}");
    expect_all(&mut connection, LINES).await;
    drop(server);
}

#[tokio::test]
async fn reports_fatal_errors_in_one_line() {
    let app = TestApp::start().await;
    let import = Import::new(app.address(), "dossier_nobody_at_all");
    import.write([line(1)]);
    let refused = import.run(&[]).await;
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr.contains("returned 401"), "{stderr}");
    assert!(
        stderr.contains("Run the import again to continue"),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(!stderr.contains("nobody_at_all"), "{stderr}");
    // A failed run keeps the rejected lines of an earlier run, and never overwrites the imported file.
    let rejected = import.folder.path().join("cases.rejected.ndjson");
    std::fs::write(&rejected, "{}").expect("the file is written");
    assert_eq!(import.run(&[]).await.status.code(), Some(2));
    assert_eq!(import.rejected(), [json!({})]);
    let same_file = import.run(&["--rejected", "cases.ndjson"]).await;
    let stderr = String::from_utf8_lossy(&same_file.stderr).into_owned();
    assert_eq!(same_file.status.code(), Some(2));
    assert!(stderr.contains("set --rejected"), "{stderr}");
    assert_eq!(lines_of(&import.path()).len(), 1);
    // A password in the URL is not printed.
    let import = Import {
        url: format!("http://bob:hunter2@{}", app.address()),
        ..import
    };
    let output = import.run(&[]).await;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("set --url"), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
    // Another server, which returns another error.
    let other_server = Import {
        url: format!("http://{}/docs", app.address()),
        ..import
    };
    let output = other_server.run(&[]).await;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("returned 40"), "{stderr}");
}

/// The server's body limit is smaller than a batch: the import splits the batch, and rejects a line that is
/// too large by itself.
#[tokio::test]
async fn splits_batches_that_exceed_the_body_limit() {
    use dossier::http::Limits;
    let limits = Limits {
        body: 2_000,
        ..crate::support::limits()
    };
    let app = TestApp::start_with_limits(limits).await;
    let import = Import::new(app.address(), FIXED_KEY);
    let large = json!({"name": "A", "external_id": "large", "metadata": {"k": "x".repeat(3_000)}});
    let lines = (0..90).map(line).chain([large.to_string()]);
    import.write(lines.chain((90..99).map(line)));
    let (code, done) = import.summary(&[]).await;
    assert_eq!(code, Some(1), "{done}");
    assert_eq!(
        (&done["stored"], &done["rejected"]),
        (&json!(99), &json!(1))
    );
    let rejected = import.rejected();
    assert_eq!(rejected[0]["line"], 91);
    assert_eq!(rejected[0]["type"], "/problems/payload-too-large");
    expect_all(&mut app.connect().await, 99).await;
}
